import { Cron } from "croner";
import { DbksvdError } from "../errors.ts";

/** The minutes at which a schedule falls due, as five crontab fields in UTC say. */
export interface CronSchedule {
  readonly expression: string;
  /** Whether the minute that `time` lies in is one. */
  matches(time: Date): boolean;
  /** The first such minute after `time`, or undefined where there is none. */
  next(time: Date): Date | undefined;
  /** The such minutes in (after, until], at most `limit` of them. */
  between(after: Date, until: Date, limit?: number): Date[];
}

const MINUTE = 60_000;

/** The fields as Croner names them in its errors, and as crontab does. */
const FIELDS = ["minute", "hour", "day", "month", "dayOfWeek"];
const NAMES = ["minute", "hour", "day of month", "month", "day of week"];

/**
 * Reads five crontab fields as POSIX and Vixie cron do: lists, ranges, steps, names, Sunday as 0 or 7, and a day that
 * matches either day field where both are restricted. (Deno.cron's own parser counts Sunday as 1.)
 *
 * @throws {DbksvdError} `usage` with what is at fault
 */
export function parseCron(expression: string): CronSchedule {
  const cron = read(expression);
  const next = (after: Date) => cron.nextRun(after) ?? undefined;
  return {
    expression,
    next,
    matches: (time) =>
      cron.match(new Date(Math.floor(time.getTime() / MINUTE) * MINUTE)),
    between(after, until, limit = Infinity) {
      const times: Date[] = [];
      let time = next(after);
      while (time !== undefined && time <= until && times.length < limit) {
        times.push(time);
        time = next(time);
      }
      return times;
    },
  };
}

function read(expression: string): Cron {
  const fields = expression.trim().split(/\s+/);
  if (fields.length !== FIELDS.length) {
    throw unreadable(expression, `has ${fields.length} fields, not five`);
  }
  // As Vixie cron has it, a field that begins with * does not restrict the days by itself: */2 too.
  const [, , day, , weekday] = fields;
  const domAndDow = day.startsWith("*") || weekday.startsWith("*");
  try {
    const options = { timezone: "UTC", mode: "5-part", domAndDow } as const;
    return new Cron(fields.join(" "), options);
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    // Croner counts some fields from 0: the value is quoted as it was given.
    const place = FIELDS.findIndex((name) => text.includes(`${name}:`));
    const what = place < 0
      ? text.replace(/^CronPattern: /, "is refused: ")
      : `has no valid ${NAMES[place]}: "${fields[place]}"`;
    throw unreadable(expression, what, cause);
  }
}

function unreadable(expression: string, what: string, cause?: unknown) {
  return new DbksvdError("usage", `Schedule "${expression}" ${what}`, {
    mend:
      "give minute, hour, day of month, month and day of week, as in 0 3 * * *",
    cause,
  });
}
