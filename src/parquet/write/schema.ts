import type { ConvertedType, SchemaElement } from "hyparquet";

/**
 * A schema as the library's footer can hold it: a type of whole numbers it would write so that no other reader takes
 * the file. The older mark, which says the same, stands for it.
 *
 * @param schema as a reader gives it
 */
export function writableSchema(
  schema: readonly SchemaElement[],
): SchemaElement[] {
  return schema.map((element) => {
    const { logical_type: logical, ...rest } = element;
    if (logical?.type !== "INTEGER") return element;
    const { bitWidth, isSigned } = logical;
    const converted = `${isSigned ? "" : "U"}INT_${bitWidth}`;
    return { ...rest, converted_type: converted as ConvertedType };
  });
}
