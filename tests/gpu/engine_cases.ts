import { assertEnginesAgree } from "./agreement.ts";
import type { Case } from "./cases/case.ts";
import { CODING } from "./cases/coding.ts";
import { DEVICES } from "./cases/devices.ts";
import { UPDATING } from "./cases/updating.ts";
import { plantedProblem } from "./planted.ts";

/** Problems of all kinds, and what of the device is cut or forced. */
export const CASES: readonly Case[] = [...CODING, ...UPDATING, ...DEVICES];

/** Whether a case is what people train with, on the device as it is. */
export function isEveryday({ everyday = false }: Case): boolean {
  return everyday;
}

/** Registers a test for each case. */
export function testCases(cases: readonly Case[]): void {
  for (const { name, problem, options, step } of cases) {
    Deno.test(`the GPU engine agrees with the CPU engine: ${name}`, () =>
      assertEnginesAgree(plantedProblem(problem), options, step));
  }
}
