import { createEngine } from "../create.ts";
import { serveEngine } from "./host.ts";

serveEngine((spec, options) => createEngine(spec, options));
