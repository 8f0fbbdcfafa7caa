import { assertChoosesAlike, DIALS, WAYS } from "../../gpu/dials.ts";

for (const way of Object.keys(WAYS)) {
  for (const dial of Object.keys(DIALS)) {
    if (dial !== "all of it" && way === "through scratch memory") continue;
    Deno.test(`the GPU engine chooses as the CPU engine does: ${dial}, ${way}`, () =>
      assertChoosesAlike(way, dial));
  }
}
