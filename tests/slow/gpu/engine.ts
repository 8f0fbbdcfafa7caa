import { CASES, testCases } from "../../gpu/engine_cases.ts";

testCases(CASES.filter(({ options }) => options !== undefined));
