import project from "../deno.json" with { type: "json" };

/** The version of this tool, as released. */
export const TOOL_VERSION: string = project.version;
