import { DbksvdError } from "../errors.ts";

/** The minutes at which a schedule falls due, as five crontab fields in UTC say. */
export interface CronSchedule {
  readonly expression: string;
  /** Whether the minute that `time` lies in is one. */
  matches(time: Date): boolean;
  /** The first such minute after `time`, or undefined where there is none within four years. */
  next(time: Date): Date | undefined;
  /** The such minutes in (after, until], at most `limit` of them. */
  between(after: Date, until: Date, limit?: number): Date[];
}

interface Field {
  name: string;
  low: number;
  high: number;
  names?: readonly string[];
}

const FIELDS: readonly Field[] = [
  { name: "minute", low: 0, high: 59 },
  { name: "hour", low: 0, high: 23 },
  { name: "day of month", low: 1, high: 31 },
  {
    name: "month",
    low: 1,
    high: 12,
    names: "jan feb mar apr may jun jul aug sep oct nov dec".split(" "),
  },
  {
    name: "day of week",
    low: 0,
    high: 7,
    names: "sun mon tue wed thu fri sat".split(" "),
  },
];

const MINUTE = 60_000;
const HORIZON_DAYS = 4 * 366 + 1;

/**
 * Reads five crontab fields as POSIX and Vixie cron do: lists, ranges, steps, names, Sunday as 0 or 7, and a day that
 * matches either day field where both are restricted. (Deno.cron's own parser counts Sunday as 1.)
 *
 * @throws DbksvdError `usage` with the field at fault
 */
export function parseCron(expression: string): CronSchedule {
  const texts = expression.trim().split(/\s+/);
  if (texts.length !== FIELDS.length) {
    throw new DbksvdError(
      "usage",
      `Schedule "${expression}" has ${texts.length} fields, not five`,
      {
        mend:
          "give minute, hour, day of month, month and day of week, as in 0 3 * * *",
      },
    );
  }
  const [minutes, hours, days, months, weekdays] = texts.map((text, i) =>
    parseField(text, FIELDS[i], expression)
  );
  if (weekdays.has(7)) weekdays.add(0);
  const anyDay = texts[2].startsWith("*"),
    anyWeekday = texts[4].startsWith("*");

  const dayMatches = (time: Date): boolean => {
    if (!months.has(time.getUTCMonth() + 1)) return false;
    const day = days.has(time.getUTCDate());
    const weekday = weekdays.has(time.getUTCDay());
    return anyDay || anyWeekday ? day && weekday : day || weekday;
  };
  const matches = (time: Date): boolean =>
    minutes.has(time.getUTCMinutes()) && hours.has(time.getUTCHours()) &&
    dayMatches(time);

  const next = (after: Date): Date | undefined => {
    const time = new Date((Math.floor(after.getTime() / MINUTE) + 1) * MINUTE);
    const end = time.getTime() + HORIZON_DAYS * 24 * 60 * MINUTE;
    while (time.getTime() < end) {
      if (!dayMatches(time)) {
        time.setUTCDate(time.getUTCDate() + 1);
        time.setUTCHours(0, 0);
      } else if (!hours.has(time.getUTCHours())) {
        time.setUTCHours(time.getUTCHours() + 1, 0);
      } else if (!minutes.has(time.getUTCMinutes())) {
        time.setTime(time.getTime() + MINUTE);
      } else return time;
    }
    return undefined;
  };
  const between = (after: Date, until: Date, limit = Infinity): Date[] => {
    const times: Date[] = [];
    let time = next(after);
    while (time !== undefined && time <= until && times.length < limit) {
      times.push(time);
      time = next(time);
    }
    return times;
  };
  return { expression, matches, next, between };
}

function parseField(
  text: string,
  field: Field,
  expression: string,
): Set<number> {
  const values = new Set<number>();
  for (const part of text.split(",")) {
    const match =
      /^(?:(\*)|([0-9]+|[a-z]{3})(?:-([0-9]+|[a-z]{3}))?)(?:\/([0-9]+))?$/i
        .exec(part);
    if (match === null) fail(expression, field, part);
    const [, star, from, to, every] = match;
    const low = star ? field.low : valueOf(from, field, expression);
    const open = star !== undefined ||
      (to === undefined && every !== undefined);
    const high = to !== undefined
      ? valueOf(to, field, expression)
      : open
      ? field.high
      : low;
    const step = every === undefined ? 1 : Number(every);
    if (step < 1 || low > high) fail(expression, field, part);
    for (let value = low; value <= high; value += step) values.add(value);
  }
  return values;
}

function valueOf(text: string, field: Field, expression: string): number {
  const named = field.names?.indexOf(text.toLowerCase()) ?? -1;
  const value = named >= 0
    ? named + (field.name === "month" ? 1 : 0)
    : Number(text);
  if (!(value >= field.low && value <= field.high)) {
    fail(expression, field, text);
  }
  return value;
}

function fail(expression: string, field: Field, part: string): never {
  throw new DbksvdError(
    "usage",
    `Schedule "${expression}" has no valid ${field.name}: "${part}"`,
    {
      mend: `give values from ${field.low} to ${field.high}, as in crontab(5)`,
    },
  );
}
