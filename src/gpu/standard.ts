/**
 * A kernel's text as hosts other than Deno take it: the lines that the WGSL standard wants in front of subgroup
 * operations. Deno grants these with the device and refuses the first line, so its kernels are kept without.
 *
 * - `enable subgroups;`
 * - `diagnostic(off, subgroup_uniformity);`: waves stay together in our kernels where a compiler cannot prove it, as
 * where
 *   a value from workgroup memory decides.
 *
 * Barriers need no such line: they stand in control flow that is uniform by the standard's own rules.
 *
 * @param code a kernel's text, as Deno takes it
 */
export function standardText(code: string): string {
  return /\b(subgroup[A-Z_]|num_subgroups)/.test(code)
    ? `enable subgroups;\ndiagnostic(off, subgroup_uniformity);\n${code}`
    : code;
}
