import { DbksvdError } from "../errors.ts";

/** What a template's names stand for: numbers, text or conditions. */
export type TemplateValues = Readonly<
  Record<string, number | string | boolean>
>;

interface Block {
  kind: "for" | "if";
  head: string;
  lines: string[];
  otherwise: string[];
}

/**
 * Expands a kernel's text. Lines that begin with `//#` are directives, so that a kernel stays legal-looking WGSL:
 *
 * - `//#for i in 0..V` … `//#end` repeats its lines, as does `//#for c in x y z w`;
 * - `//#if NAME` … `//#else` … `//#end` keeps one side; `//#if !NAME` negates;
 * - `//#include name` puts another text in its place.
 *
 * Elsewhere `$NAME` is replaced by its value (names are letters and digits).
 *
 * @param text the template
 * @param values what its names stand for
 * @param includes texts by name
 * @throws {DbksvdError} `run`, where a directive or a name is unknown
 */
export function expandTemplate(
  text: string,
  values: TemplateValues,
  includes: Readonly<Record<string, string>> = {},
): string {
  return expandLines(text.split("\n"), values, includes).join("\n");
}

function expandLines(
  lines: string[],
  values: TemplateValues,
  includes: Readonly<Record<string, string>>,
): string[] {
  const out: string[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at], directive = line.trim();
    if (directive.startsWith("//#for ") || directive.startsWith("//#if ")) {
      const { block, end } = readBlock(lines, at);
      out.push(...expandBlock(block, values, includes));
      at = end;
    } else if (directive.startsWith("//#include ")) {
      const name = directive.slice("//#include ".length).trim();
      if (includes[name] === undefined) fail(`No text to include as "${name}"`);
      out.push(...expandLines(includes[name].split("\n"), values, includes));
    } else if (directive.startsWith("//#")) {
      fail(`Unknown directive "${directive}"`);
    } else out.push(substitute(line, values));
  }
  return out;
}

function readBlock(
  lines: string[],
  start: number,
): { block: Block; end: number } {
  const head = lines[start].trim();
  const block: Block = {
    kind: head.startsWith("//#for ") ? "for" : "if",
    head: head.replace(/^\/\/#(for|if) /, "").trim(),
    lines: [],
    otherwise: [],
  };
  let depth = 0, target = block.lines;
  for (let at = start + 1; at < lines.length; at++) {
    const word = lines[at].trim();
    if (word === "//#end" && depth === 0) return { block, end: at };
    if (word === "//#else" && depth === 0) {
      target = block.otherwise;
      continue;
    }
    if (word.startsWith("//#for ") || word.startsWith("//#if ")) depth++;
    if (word === "//#end") depth--;
    target.push(lines[at]);
  }
  return fail(`No //#end for "${head}"`);
}

function expandBlock(
  block: Block,
  values: TemplateValues,
  includes: Readonly<Record<string, string>>,
): string[] {
  if (block.kind === "if") {
    const negated = block.head.startsWith("!");
    const value = lookUp(negated ? block.head.slice(1) : block.head, values);
    const kept = Boolean(value) !== negated ? block.lines : block.otherwise;
    return expandLines(kept, values, includes);
  }
  const [, name, range] = /^([A-Za-z][A-Za-z0-9]*) in (.+)$/.exec(block.head) ??
    fail(`Bad loop "${block.head}"`);
  return loopItems(range, values).flatMap((item) =>
    expandLines(block.lines, { ...values, [name]: item }, includes)
  );
}

function loopItems(
  range: string,
  values: TemplateValues,
): (number | string)[] {
  const bounds = /^(\S+)\.\.(\S+)$/.exec(range);
  if (bounds === null) return range.split(/\s+/);
  const [from, to] = bounds.slice(1).map((bound) =>
    /^\d+$/.test(bound) ? Number(bound) : Number(lookUp(bound, values))
  );
  return Array.from({ length: to - from }, (_, i) => from + i);
}

function substitute(line: string, values: TemplateValues): string {
  return line.replace(
    /\$([A-Za-z][A-Za-z0-9]*)/g,
    (_, name) => String(lookUp(name, values)),
  );
}

function lookUp(name: string, values: TemplateValues) {
  return values[name] ??
    fail(`Kernel text names "${name}", which has no value`);
}

function fail(what: string): never {
  throw new DbksvdError("run", what);
}
