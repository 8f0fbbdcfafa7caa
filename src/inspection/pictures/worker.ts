/// <reference lib="deno.worker" />
// A thread that makes pictures small.
import { answer, type PictureRequest } from "./request.ts";

self.onmessage = async ({ data }: MessageEvent<PictureRequest>) => {
  self.postMessage(await answer(data));
};
