import { engineSuite } from "./suite.ts";

// The GPU engine agrees with the reference by tests/gpu; its own suite is in the slow tier.
engineSuite(["reference", "cpu"]);
