// JSON Schemas (draft 2020-12) in few words: objects are closed, every field says what it is, and the types hold the
// fields of an object to those of the interface that it is the JSON of.

/** A part of a schema. */
export type Json = Record<string, unknown>;

/** What a field holds. */
export interface Field {
  json: Json;
  /** Whether it may be missing. */
  optional?: false;
}

/** A field that may be missing. */
export interface OptionalField {
  json: Json;
  optional: true;
}

/** A field for each of the interface's, optional where it is so there. */
export type Fields<T> = {
  [K in keyof T & string]-?: undefined extends T[K] ? OptionalField : Field;
};

/** What is named once and referred to: `#/$defs/NAME` of every document that does. */
const definitions = new Map<string, Json>();

/** Names a field, so that documents refer to it. */
export function define(name: string, { json }: Field): Field {
  definitions.set(name, json);
  return { json: { $ref: `#/$defs/${name}` } };
}

/** Says of a field, such as a named one, what it is here. */
export function described(description: string, { json }: Field): Field {
  return { json: { description, ...json } };
}

/** Lets a field be missing. */
export function optional({ json }: Field): OptionalField {
  return { json, optional: true };
}

/** Lets a field be null. */
export function nullable({ json }: Field): Field {
  const { description, type, ...rest } = json;
  return typeof type === "string" && !("enum" in rest)
    ? { json: { description, type: [type, "null"], ...rest } }
    : { json: { description, anyOf: [{ type, ...rest }, { type: "null" }] } };
}

/** An object with these fields and no other. */
export function object<T>(fields: Fields<T>, description?: string): Field {
  const all = Object.entries<Field | OptionalField>(fields);
  return {
    json: {
      description,
      type: "object",
      required: all.filter(([, field]) => !field.optional)
        .map(([name]) => name),
      additionalProperties: false,
      properties: Object.fromEntries(
        all.map(([name, { json }]) => [name, json]),
      ),
    },
  };
}

/** An object whose fields' names are data. */
export function map(description: string, { json }: Field): Field {
  return {
    json: { description, type: "object", additionalProperties: json },
  };
}

/** A list. */
export function list(description: string, { json }: Field): Field {
  return { json: { description, type: "array", items: json } };
}

/** One of several. */
export function either(...fields: Field[]): Field {
  return { json: { anyOf: fields.map(({ json }) => json) } };
}

/** Text. */
export function text(description: string): Field {
  return { json: { description, type: "string" } };
}

/** One of some words, numbers or truths. */
export function words(
  description: string,
  all: readonly (string | number | boolean)[],
): Field {
  return { json: { description, enum: all } };
}

/** True or false. */
export function flag(description: string): Field {
  return { json: { description, type: "boolean" } };
}

/** A whole number from 0. */
export function count(description: string): Field {
  return { json: { description, type: "integer", minimum: 0 } };
}

/** A number that is always there. */
export function number(description: string): Field {
  return { json: { description, type: "number" } };
}

/** A number that is not negative: a time, a rate. */
export function amount(description: string): Field {
  return { json: { description, type: "number", minimum: 0 } };
}

/** A number that may be none, such as a share of nothing: null then. */
export function figure(description: string): Field {
  return { json: { description, type: ["number", "null"] } };
}

/** A point in time. */
export function time(description: string): Field {
  return {
    json: {
      description: `${description} ISO 8601, UTC.`,
      type: "string",
      format: "date-time",
    },
  };
}

/** The sign of codes. */
export function sign(description: string): Field {
  return words(description, ["+", "-"]);
}

/** A document: its file's name, what it is, and what it holds. */
export interface Document {
  name: string;
  title: string;
  field: Field;
}

/** A document's schema, with the definitions that it refers to. */
export function schemaOf({ title, field }: Document): Json {
  const $defs: Json = {};
  const take = (json: Json) => {
    for (const name of referred(json)) {
      if (name in $defs) continue;
      $defs[name] = definitions.get(name);
      take(definitions.get(name)!);
    }
  };
  take(field.json);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title,
    ...field.json,
    ...Object.keys($defs).length > 0 ? { $defs } : {},
  };
}

function referred(json: Json): string[] {
  return [...JSON.stringify(json).matchAll(/"#\/\$defs\/([^"]+)"/g)]
    .map(([, name]) => name);
}
