// A thread that helps a training: started by URL, with everything it needs in one message.
import { serve } from "../engine/cpu/crew.ts";
import { contextOf, type ThreadStart } from "./context.ts";
import { makeRunner } from "./tasks.ts";

self.onmessage = ({ data }: MessageEvent<ThreadStart>) => {
  serve(data.memory, makeRunner(contextOf(data)));
};
