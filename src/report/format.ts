import { unbrokenCount } from "../text.ts";

const ESCAPES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text made safe for HTML, as content and inside quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ESCAPES[char]);
}

/** A whole number with its thousands set apart: `16 384`. */
export const formatCount = unbrokenCount;

/** A figure to a few significant digits, without needless zeros or exponents: `0.1134`, `12.5`, `3.2e-7`. */
export function formatFigure(value: number, digits = 4): string {
  if (!Number.isFinite(value)) {
    return Number.isNaN(value) ? "not a number" : "∞";
  }
  if (value === 0) return "0";
  const magnitude = Math.abs(value);
  if (magnitude >= 10 ** digits) {
    return magnitude < 1e12 ? formatCount(value) : value.toExponential(2);
  }
  if (magnitude < 1e-4) return value.toExponential(Math.min(digits - 1, 2));
  return String(Number(value.toPrecision(digits)));
}

/** A share as a percentage: `12.3%`, `0.04%`, `under 0.01%`. */
export function formatShare(share: number): string {
  const percent = share * 100;
  if (percent > 0 && percent < 0.01) return "under 0.01%";
  if (percent > 99.9 && percent < 100) return "over 99.9%";
  return `${Number(percent.toPrecision(percent >= 10 ? 3 : 2))}%`;
}

/** A share as a chart's tick: `1%`, `0.001%`. */
export function formatPercent(share: number): string {
  return `${Number((share * 100).toPrecision(2))}%`;
}

/** A length of time: `850 ms`, `41.2 s`, `12 min 5 s`, `3 h 20 min`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 0.9995) return `${Number((seconds * 1000).toPrecision(3))} ms`;
  if (seconds < 99.95) return `${Number(seconds.toPrecision(3))} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A size in bytes: `912 B`, `7.4 MB`. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (bytes >= 999.5 && unit < units.length - 1) {
    bytes /= 1000;
    unit++;
  }
  return `${Number(bytes.toPrecision(3))} ${units[unit]}`;
}
