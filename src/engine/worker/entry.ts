import { createLocalEngine } from "../local.ts";
import { serveEngine } from "./host.ts";

serveEngine(createLocalEngine);
