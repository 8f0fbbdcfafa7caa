import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { inOrder } from "../../engine/worker/answering.ts";
import { ServedEngine } from "../../engine/worker/host.ts";
import { recordOf, type Reply } from "../../engine/worker/protocol.ts";
import { joinedMaker } from "../joined.ts";
import { MpiCalls } from "./calls.ts";
import { openLibrary } from "./library.ts";
import { OwnGroup } from "./own.ts";
import type {
  MpiReply,
  MpiRequest,
  ThreadReply,
  ThreadRequest,
} from "./protocol.ts";

// MPI's one thread: every call blocks here, and the thread that asks stays free for signals and progress. The engine
// of a training lives here, too, so that what its iterations add up goes to MPI from where it lies.
let calls: MpiCalls | undefined;
let group: OwnGroup | undefined;
const engines = new Map<number, ServedEngine>();
/** The engine whose call is carried out. */
let atWork: number | undefined;

/** An engine's owner learns so often that it waits for other ranks: what waits does not hang. */
const SIGN_MS = 1000;
let signed = -Infinity;

self.onmessage = inOrder(async (asked: ThreadRequest) => {
  if (!("engine" in asked)) return answer(asked);
  const { engine: number, request } = asked;
  const engine = engines.get(number) ?? serve(number);
  engines.set(number, engine);
  atWork = number;
  await engine.answer(request);
  atWork = undefined;
  if ("call" in request && request.call === "close") {
    engines.delete(number);
    giveMemoryBack();
  }
});

function serve(number: number): ServedEngine {
  return new ServedEngine(
    joinedMaker(() => group!),
    (reply, transfer) => sayOf(number, reply, transfer),
  );
}

// An engine's memory is most of a process's. A thread that lives on and makes little else would keep it, while what
// comes next has an engine of its own.
function giveMemoryBack(): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  setTimeout(collect);
}

function sayOf(number: number, reply: Reply, transfer?: ArrayBuffer[]): void {
  post({ engine: number, reply, spent: { ...group!.spent } }, transfer);
}

function noteWait(): void {
  const now = performance.now();
  if (atWork === undefined || now - signed < SIGN_MS) return;
  signed = now;
  sayOf(atWork, { waits: true });
}

function answer(request: MpiRequest): void {
  const { id } = request;
  try {
    const { sent = 0, waited = 0 } = calls ?? {};
    const value = carryOut(request);
    const spent = {
      bytes: (calls?.sent ?? 0) - sent,
      waited: (calls?.waited ?? 0) - waited,
    };
    post({ id, value, ...spent } satisfies MpiReply, buffersOf(value));
  } catch (error) {
    post({ id, error: recordOf(error) });
  }
}

function carryOut(request: MpiRequest): unknown {
  if ("join" in request) {
    calls = new MpiCalls(openLibrary(request.join.paths), noteWait);
    group = new OwnGroup(calls);
    return calls.joined();
  }
  if ("sum" in request) return calls!.sum(request.sum);
  if ("gather" in request) return calls!.gather(request.gather);
  if ("broadcast" in request) return calls!.broadcast(request.broadcast);
  if ("abort" in request) return calls?.abort(request.abort);
  return calls!.close();
}

// Each once: what was gathered lies in one buffer.
function buffersOf(value: unknown): ArrayBuffer[] {
  const arrays = Array.isArray(value) ? value : [value];
  const buffers = arrays.filter((array) => ArrayBuffer.isView(array))
    .map(({ buffer }) => buffer);
  return [...new Set(buffers)].filter((one) => one instanceof ArrayBuffer);
}

function post(reply: ThreadReply, transfer: ArrayBuffer[] = []): void {
  self.postMessage(reply, { transfer });
}
