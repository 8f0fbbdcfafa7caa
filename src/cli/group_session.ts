import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Communicator } from "../distributed/communicator.ts";
import type { RowSource } from "../rows/source.ts";
import type { TrainRun } from "../use/train.ts";
import type { DeviceOption } from "./device_option.ts";
import {
  ExitWith,
  failureOf,
  STOPPED,
  Stopped,
  type StopSignal,
} from "./failure.ts";
import type { Io } from "./io.ts";
import { OUTPUT_READ_MS } from "./unjoined.ts";
import { TOOL_VERSION } from "../version.ts";
import { commonOptions, conduct, type Session } from "./session.ts";

/** Whether the processes that a launcher started work together. */
export type MpiOption = { mpi?: true };

/** What `--mpi` is described by. */
export const MPI_OPTION = [
  "--mpi",
  "work together with the processes that mpirun or srun started",
] as const;

/**
 * Runs a command's work with its session, together with the other processes of a launcher where `--mpi` asks for
 * that. The first one speaks for all: the others print nothing but errors. What fails in one ends all of them.
 *
 * @param io the streams and signals
 * @param command whose options say what is shown, and whether there is a group
 * @param work the work; it is given the group
 */
export async function conductGroup(
  io: Io,
  command: CommandUnknownOpts,
  work: (session: Session, group?: Communicator) => Promise<void>,
): Promise<void> {
  const { mpi } = command.opts() as MpiOption;
  if (!mpi) return await conduct(io, command, (session) => work(session));
  const { joinMpi } = await import("../distributed/mpi.ts");
  const { StoppedTogether } = await import("../use/train_together.ts");
  const { requireAlike } = await import("../distributed/alike.ts");
  const group = await joinMpi(io.env);
  const own = group.rank === 0 ? io : silenced(io);
  let signalled: StopSignal = "SIGTERM";
  let saved: string | undefined;
  const unhear = io.onSignal((signal) => signalled = signal);
  try {
    await conduct(own, command, async (session) => {
      await requireAlike(group, { version: TOOL_VERSION, ...workOf(command) });
      const saves = (what: string) => session.saves(saved = what);
      await work({ ...session, saves }, group);
      await group.close();
    });
  } catch (error) {
    if (error instanceof StoppedTogether) {
      await group.close();
      // The first one says so for all.
      if (group.rank > 0) throw new ExitWith(STOPPED[signalled]);
      throw new Stopped(signalled, saved);
    }
    return await endAll(error, group, io, command);
  } finally {
    unhear();
  }
}

/** What may differ from rank to rank: on what it works, what it says, and where it keeps things of its own. */
const OF_ONE_RANK = [
  ...["device", "threads", "blas", "decodeWorkers", "cacheDir", "spoolDir"],
  ...["json", "quiet", "logLevel", "config"],
];

// What the options make of the command, whoever gave them: variables may be there on one machine alone.
function workOf(command: CommandUnknownOpts): Record<string, unknown> {
  const options = Object.entries(command.opts()).filter(([name]) =>
    !OF_ONE_RANK.includes(name)
  );
  return { command: command.name(), ...Object.fromEntries(options) };
}

// Whatever goes wrong in one process, the others wait for it: MPI ends them.
async function endAll(
  error: unknown,
  group: Communicator,
  io: Io,
  command: CommandUnknownOpts,
): Promise<never> {
  const { code, message, document } = error instanceof ExitWith
    ? { code: error.code, message: error.word, document: undefined }
    : failureOf(error);
  const { json, logLevel } = commonOptions(command);
  if (document !== undefined && json && group.rank === 0) {
    io.out(`${JSON.stringify(document)}\n`);
  }
  if (message !== undefined) io.err(`rank ${group.rank}: ${message}\n`);
  if (logLevel === "debug" && error instanceof Error) {
    io.err(`rank ${group.rank}: ${error.stack}\n`);
  }
  await new Promise((read) => setTimeout(read, OUTPUT_READ_MS));
  return await group.abort(code);
}

function silenced(io: Io): Io {
  return { ...io, out: () => {}, err: () => {}, terminal: false };
}

/** What a rank runs on: its share of the machine's processors, or a card of its own. */
export async function rankRun(
  group: Communicator,
  { device, threads }: DeviceOption,
): Promise<Pick<TrainRun, "group" | "threads" | "checkEngine">> {
  const { claimDevice, threadsOfRank } = await import(
    "../distributed/rank.ts"
  );
  return {
    group,
    threads: threads ?? threadsOfRank(group),
    checkEngine: await claimDevice(group, device),
  };
}

/** The same for uses of a dictionary: threads, and a card that is chosen, but not looked at once it was opened. */
export async function rankChoice(
  group: Communicator,
  flags: DeviceOption,
): Promise<{ threads: number }> {
  const { claimDevice, threadsOfRank } = await import(
    "../distributed/rank.ts"
  );
  await claimDevice(group, flags.device);
  return { threads: flags.threads ?? threadsOfRank(group) };
}

/** Has what was dropped of rows said as of all processes, where each has read its own. Collective. */
export async function readTogether(
  group: Communicator | undefined,
  source: RowSource,
  session: Session,
): Promise<void> {
  if (group === undefined) return;
  const { droppedByAll } = await import("../use/dropped_together.ts");
  session.reads(source, await droppedByAll(source.dropped, group));
}
