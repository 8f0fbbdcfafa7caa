import { CASES, testCases } from "./engine_cases.ts";

// As the device itself would have it; with limits that are cut and tunings that are forced: tests/slow/gpu.
testCases(CASES.filter(({ options }) => options === undefined));
