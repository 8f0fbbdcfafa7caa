import { testLargest } from "../../gpu/largest.ts";

testLargest((way) => way !== "with matrices in parts and rows in chunks");
