import { CASES, isEveryday, testCases } from "../../gpu/engine_cases.ts";

testCases(CASES.filter((one) => !isEveryday(one)));
