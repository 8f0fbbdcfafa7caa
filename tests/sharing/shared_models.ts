import { join } from "node:path";
import { saveModel } from "../../src/model/directory.ts";
import type { ModelConfig } from "../../src/model/model.ts";
import {
  type SendOptions,
  type ShareOptions,
  Sharing,
} from "../../src/sharing/share.ts";
import { inDirectory } from "../directories.ts";
import { CONFIG, makeModel } from "../model/models.ts";

/** Where it is shared to. */
export const REPO = "me/words";
/** How it is sent: without long waits. */
export const QUICK: SendOptions = {
  retry: { attempts: 3, wait: () => 1, spanMs: 1000, outageMs: 2000 },
};

/** What nobody else is to see of a record. */
export const SECRETS = [
  "/home/ann",
  "host.example",
  "token=abc",
  "sha256:feed",
  "ann@corp",
  "start.safetensors",
  "rig7",
  "diagnosis",
  "left.csv",
];

/** A record that holds all of that. */
export const RECORD: ModelConfig = {
  ...CONFIG,
  parameters: {
    ...CONFIG.parameters,
    init: "/home/ann/start.safetensors",
    later: "/home/ann",
  },
  inputs: [
    {
      path: "https://host.example/rows.parquet?token=abc",
      rows: 9,
      bytes: 90,
      digest: "sha256:feed",
    },
    { path: "/home/ann/rows.parquet", rows: 1, bytes: 10 },
  ],
  reading: { unitNorm: true, where: { email: "ann@corp", diagnosis: "x" } },
  notRead: [{ reason: "ending", count: 1, paths: ["/home/ann/left.csv"] }],
  device: { ...CONFIG.device, details: { host: "rig7" } },
  decoder: {
    device: {
      ...{ kind: "cpu", name: "A processor", software: false },
      ...{ host: "rig7" },
    },
  },
  distributed: {
    ranks: 2,
    library: "MPICH 4.0.2 (/home/ann/lib/libmpich.so.12)",
    devices: ["rig7", "rig7"],
  },
};

/** Runs something with the directory of a model whose record holds secrets. */
export async function withModel(
  use: (
    directory: string,
    model: ReturnType<typeof makeModel>,
  ) => Promise<void>,
) {
  await inDirectory(async (folder) => {
    const directory = join(folder, "model");
    const model = makeModel({ width: 20, atoms: 40 });
    model.labels = { "3": "rain" };
    await saveModel(directory, model, RECORD, []);
    await use(directory, model);
  });
}

/** Shares a model. */
export async function share(
  directory: string,
  options: Partial<ShareOptions> = {},
  sending: SendOptions = QUICK,
) {
  const sharing = await Sharing.of(directory, { repository: REPO, ...options });
  return await sharing.send(sending);
}
