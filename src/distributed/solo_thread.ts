// The thread of an engine whose group is one process: an iteration in parts, as many processes would make it.
import { serveEngine } from "../engine/worker/host.ts";
import { solo } from "./communicator.ts";
import { joinedMaker } from "./joined.ts";

serveEngine(joinedMaker(solo));
