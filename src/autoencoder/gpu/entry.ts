// A training on a GPU in a thread of its own.
import { answer, inOrder, postToOwner } from "../../engine/worker/answering.ts";
import type { TrainerRequest } from "./client.ts";
import { GpuTrainer } from "./trainer.ts";

let trainer: GpuTrainer | undefined;

self.onmessage = inOrder((request: TrainerRequest) =>
  answer(request.id, postToOwner, () => carryOut(request))
);

async function carryOut(request: TrainerRequest): Promise<unknown> {
  if ("create" in request) {
    const { spec, start } = request.create;
    trainer = await GpuTrainer.create(spec, start);
    return { software: trainer.software };
  }
  const call = trainer?.[request.call] as
    | ((...args: unknown[]) => Promise<unknown>)
    | undefined;
  return await call?.apply(trainer, request.args);
}
