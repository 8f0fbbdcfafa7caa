import { CASES, isEveryday, testCases } from "./engine_cases.ts";

// The others, with limits that are cut and tunings that are forced: tests/slow/gpu.
testCases(CASES.filter(isEveryday));
