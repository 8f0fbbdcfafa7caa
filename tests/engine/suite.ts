import { codingSuite } from "./suite_coding.ts";
import { dependentSuite } from "./suite_dependent.ts";
import { thresholdSuite } from "./suite_threshold.ts";
import { dialSuite } from "./suite_dial.ts";
import { enginesUnderTest } from "./engines.ts";
import { groupSuite, unusedAtomSuite } from "./suite_group.ts";
import { iterationSuite } from "./suite_iteration.ts";
import { nestedSuite } from "./suite_nested.ts";
import { refinementSuite } from "./suite_refinement.ts";

/** Registers every test of the suite for some engines: one behaviour, however it is computed. */
export function engineSuite(names: readonly string[]): void {
  for (const engine of enginesUnderTest()) {
    if (!names.includes(engine.name)) continue;
    codingSuite(engine);
    nestedSuite(engine);
    iterationSuite(engine);
    refinementSuite(engine);
    groupSuite(engine);
    unusedAtomSuite(engine);
    dialSuite(engine);
    thresholdSuite(engine);
    dependentSuite(engine);
  }
}
