import { testShared } from "./shared.ts";

// The other cases: tests/slow/gpu.
testShared((name) => name === "lists");
