/// <reference lib="deno.worker" />
// A thread that works logits out: begins with a start, gets runs of tokens, and tells what it found when it is asked.
import { type LogitOrder, LogitWork } from "./work.ts";

let work: LogitWork | undefined;

self.onmessage = ({ data }: MessageEvent<LogitOrder>) => {
  if (data === "finish") {
    self.postMessage(work!.found());
    work!.close();
  } else if ("dictionary" in data) {
    work = new LogitWork(data);
    self.postMessage(null);
  } else {
    work!.add(data);
    self.postMessage(null);
  }
};
