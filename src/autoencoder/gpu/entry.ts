// A training on a GPU in a thread of its own: calls are carried out one after the other, in order.
import {
  recordOf,
  type Reply,
  transfersOf,
} from "../../engine/worker/protocol.ts";
import type { TrainerRequest } from "./client.ts";
import { GpuTrainer } from "./trainer.ts";

let trainer: GpuTrainer | undefined;
let last: Promise<void> = Promise.resolve();

self.onmessage = ({ data }: MessageEvent<TrainerRequest>) => {
  last = last.then(() => answer(data));
};

async function answer(request: TrainerRequest): Promise<void> {
  try {
    const value = await carryOut(request);
    const arrays = ArrayBuffer.isView(value)
      ? [value]
      : Object.values(value ?? {});
    post({ id: request.id, value }, transfersOf(arrays));
  } catch (error) {
    post({ id: request.id, error: recordOf(error) });
  }
}

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

function post(reply: Reply, transfer: ArrayBuffer[] = []): void {
  self.postMessage(reply, { transfer });
}
