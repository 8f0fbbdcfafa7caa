// A thread that helps an engine: started by URL, with everything it needs in one message.
import type { ThreadStart } from "./context.ts";
import { serve } from "./crew.ts";
import { runnerOf } from "./tasks.ts";

self.onmessage = ({ data }: MessageEvent<ThreadStart>) => {
  serve(data.memory, runnerOf(data));
};
