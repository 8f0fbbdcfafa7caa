import { DbksvdError } from "../errors.ts";
import type { MatrixShape } from "./matrix.ts";
import { expandTemplate, type TemplateValues } from "./template.ts";

/** A kernel as data: its text, what its names stand for, and the layout of its matrices. */
export interface KernelSource {
  name: string;
  text: string;
  values: TemplateValues;
  /** Shapes of the matrices that its text declares. */
  matrices?: Readonly<Record<string, MatrixShape>>;
}

/** A parameter in the kernel's uniform block. */
export interface KernelParameter {
  name: string;
  type: "u32" | "f32";
}

/** A buffer or matrix that the kernel reads or writes. */
export interface KernelBinding {
  name: string;
  access: "read" | "read_write";
  /** Buffers behind it: 1, or the parts of a matrix. */
  parts: number;
}

/** WGSL with what a host must know to run it. */
export interface KernelText {
  name: string;
  code: string;
  parameters: KernelParameter[];
  bindings: KernelBinding[];
}

/**
 * Writes a kernel's WGSL. Beside the template's directives the text declares its interface:
 *
 * - `//#params rows: u32, scale: f32` becomes the uniform block `p`;
 * - `//#buffer lists read u32` becomes `lists: array<u32>`;
 * - `//#matrix R read_write` becomes its parts, `R_at(row, column)`, and `R_put(row, column, value)` where it is
 * written;
 *   columns count elements of four floats; a matrix of packed halves gives and takes `vec4<f32>` all the same.
 *
 * @throws {DbksvdError} `run`, where the text is not a kernel
 */
export function kernelText(
  source: KernelSource,
  includes: Readonly<Record<string, string>>,
): KernelText {
  const declared = {
    parameters: [] as KernelParameter[],
    bindings: [] as KernelBinding[],
  };
  const kept = keepConditions(source, includes);
  let next = 1;
  const lines = kept.split("\n").flatMap((line) => {
    const word = line.trim();
    if (word.startsWith("//@params ")) {
      declared.parameters = readParameters(word.slice("//@params ".length));
      return [uniformBlock(declared.parameters)];
    }
    const parsed = /^\/\/@(buffer|matrix) (\w+) (read_write|read)(?: (\S+))?$/
      .exec(word);
    if (parsed === null) return [line];
    const [, kind, name, access, type] = parsed;
    const shape = kind === "matrix" ? source.matrices?.[name] : undefined;
    if (kind === "matrix" && shape === undefined) {
      throw new DbksvdError(
        "run",
        `Kernel "${source.name}" lacks matrix ${name}`,
      );
    }
    const parts = shape?.parts ?? 1, first = next;
    next += parts;
    declared.bindings.push({
      name,
      access: access as KernelBinding["access"],
      parts,
    });
    return shape === undefined
      ? [storage(first, name, access, `array<${type}>`)]
      : matrixText(name, access, shape, first);
  });
  return { name: source.name, code: lines.join("\n"), ...declared };
}

/** The bindings that {@linkcode kernelText} would give, without the text: loops hold no declarations. */
export function kernelBindings(
  source: KernelSource,
  includes: Readonly<Record<string, string>>,
): KernelBinding[] {
  const values = { ...source.values, [LOOPS]: false };
  const bare = { ...source, values, text: declarations(source.text) };
  return kernelText(bare, bareIncludes(includes)).bindings;
}

/** The condition that stands for every loop where only declarations count. */
const LOOPS = "LOOPS";

// A text's directives alone, with loops as conditions.
function declarations(text: string): string {
  return text.split("\n").map((line) => line.trim())
    .filter((line) => line.startsWith("//#"))
    .map((line) => line.startsWith("//#for ") ? `//#if ${LOOPS}` : line)
    .join("\n");
}

const bareTexts = new WeakMap<object, Record<string, string>>();

function bareIncludes(
  includes: Readonly<Record<string, string>>,
): Record<string, string> {
  const known = bareTexts.get(includes);
  if (known !== undefined) return known;
  const bare = Object.fromEntries(
    Object.entries(includes).map(([name, text]) => [name, declarations(text)]),
  );
  bareTexts.set(includes, bare);
  return bare;
}

// Declarations may stand under conditions, so they are expanded as marked comments first and read afterwards.
function keepConditions(
  source: KernelSource,
  includes: Readonly<Record<string, string>>,
): string {
  const mark = (text: string) =>
    text.replace(/^(\s*)\/\/#(params|buffer|matrix) /gm, "$1//@$2 ");
  const marked = Object.fromEntries(
    Object.entries(includes).map(([name, text]) => [name, mark(text)]),
  );
  return expandTemplate(mark(source.text), source.values, marked);
}

function readParameters(list: string): KernelParameter[] {
  return list.split(",").map((item) => {
    const [name, type] = item.split(":").map((word) => word.trim());
    return { name, type: type as KernelParameter["type"] };
  });
}

function uniformBlock(parameters: KernelParameter[]): string {
  const fields = parameters.map(({ name, type }) => `${name}: ${type}`);
  return `struct Parameters { ${fields.join(", ")} }\n` +
    `@group(0) @binding(0) var<uniform> p: Parameters;`;
}

function storage(
  binding: number,
  name: string,
  access: string,
  type: string,
): string {
  return `@group(0) @binding(${binding}) var<storage, ${access}> ${name}: ${type};`;
}

function matrixText(
  name: string,
  access: string,
  shape: MatrixShape,
  first: number,
): string[] {
  const half = shape.element === "vec2<u32>";
  const buffers = Array.from(
    { length: shape.parts },
    (_, part) =>
      storage(
        first + part,
        `${name}_${part}`,
        access,
        `array<${shape.element}>`,
      ),
  );
  const get = (part: number, index: string) => {
    const value = `${name}_${part}[${index}]`;
    return half
      ? `let h = ${value}; return vec4<f32>(unpack2x16float(h.x), unpack2x16float(h.y));`
      : `return ${value};`;
  };
  const put = (part: number, index: string) =>
    half
      ? `${name}_${part}[${index}] = vec2<u32>(pack2x16float(value.xy), pack2x16float(value.zw));`
      : `${name}_${part}[${index}] = value;`;
  const reader = accessor(
    `fn ${name}_at(row: u32, column: u32) -> vec4<f32>`,
    shape,
    get,
  );
  const writer = access === "read_write"
    ? accessor(
      `fn ${name}_put(row: u32, column: u32, value: vec4<f32>)`,
      shape,
      put,
    )
    : [];
  return [...buffers, ...reader, ...writer];
}

function accessor(
  head: string,
  shape: MatrixShape,
  body: (part: number, index: string) => string,
): string[] {
  if (shape.parts === 1) {
    return [`${head} { ${body(0, `row * ${shape.stride}u + column`)} }`];
  }
  const last = shape.parts - 1;
  const branches = Array.from(
    { length: last },
    (_, part) => `  if (part == ${part}u) { ${returning(body(part, "i"))} }`,
  );
  return [
    `${head} {`,
    `  let part = row / ${shape.rowsPerPart}u;`,
    `  let i = (row - part * ${shape.rowsPerPart}u) * ${shape.stride}u + column;`,
    ...branches,
    `  ${body(last, "i")}`,
    `}`,
  ];
}

// A branch must leave the function, whether it gives a value or not.
function returning(statement: string): string {
  return statement.includes("return ") ? statement : `${statement} return;`;
}
