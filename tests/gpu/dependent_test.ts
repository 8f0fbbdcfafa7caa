import { testDependent } from "./dependent.ts";

// The other ways to code rows: tests/slow/gpu.
testDependent((way) => way === "verified, pruned");
