import { recordOf } from "../../engine/worker/protocol.ts";
import { MpiCalls } from "./calls.ts";
import { openLibrary } from "./library.ts";
import type { MpiReply, MpiRequest } from "./protocol.ts";

// MPI's one thread: every call blocks here, and the thread that asks stays free for signals and progress.
let calls: MpiCalls | undefined;

self.onmessage = ({ data: request }: MessageEvent<MpiRequest>) => {
  const { id } = request;
  try {
    const { sent = 0, waited = 0 } = calls ?? {};
    const value = carryOut(request);
    const spent = {
      bytes: (calls?.sent ?? 0) - sent,
      waited: (calls?.waited ?? 0) - waited,
    };
    post({ id, value, ...spent }, buffersOf(value));
  } catch (error) {
    post({ id, error: recordOf(error) });
  }
};

function carryOut(request: MpiRequest): unknown {
  if ("join" in request) {
    calls = new MpiCalls(openLibrary(request.join.paths));
    return calls.joined();
  }
  if ("sum" in request) return calls!.sum(request.sum);
  if ("gather" in request) return calls!.gather(request.gather);
  if ("broadcast" in request) return calls!.broadcast(request.broadcast);
  if ("abort" in request) return calls?.abort(request.abort);
  return calls!.close();
}

function buffersOf(value: unknown): ArrayBuffer[] {
  const arrays = Array.isArray(value) ? value : [value];
  return arrays.flatMap((array) =>
    ArrayBuffer.isView(array) ? [array.buffer as ArrayBuffer] : []
  );
}

function post(reply: MpiReply, transfer: ArrayBuffer[] = []): void {
  self.postMessage(reply, { transfer });
}
