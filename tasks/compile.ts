/**
 * Builds the single-file program for the platforms named, or for all:
 *
 *   deno task compile x86_64-unknown-linux-gnu
 *
 * The binary carries kernels, sample and workers, and takes the permissions of the `dbksvd` set: the union of what its
 * commands need. Deno fetches the runtime of each platform, which needs the network.
 */

/** Modules that are started by URL and so are not found by following imports. */
export const WORKERS: readonly string[] = [
  "src/autoencoder/gpu/entry.ts",
  "src/autoencoder/thread.ts",
  "src/distributed/mpi/worker.ts",
  "src/distributed/solo_thread.ts",
  "src/engine/cpu/thread.ts",
  "src/engine/worker/entry.ts",
  "src/inspection/logits/worker.ts",
  "src/inspection/pictures/worker.ts",
  "src/rows/workers/decode_worker.ts",
];

const TARGETS = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
];

/** The arguments of `deno compile` for one platform. */
function compileArguments(target: string): string[] {
  return [
    "compile",
    "-P=dbksvd",
    "--exclude-unused-npm",
    ...WORKERS.flatMap((worker) => ["--include", worker]),
    "--target",
    target,
    "--output",
    `dist/dbksvd-${target}`,
    "src/cli/main.ts",
  ];
}

if (import.meta.main) {
  for (const target of Deno.args.length > 0 ? Deno.args : TARGETS) {
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: compileArguments(target),
      stdin: "null",
    }).spawn().status;
    if (!success) Deno.exit(1);
  }
}
