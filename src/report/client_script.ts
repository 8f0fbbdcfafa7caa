import dictionary from "./client/dictionary.js" with { type: "text" };
import dom from "./client/dom.js" with { type: "text" };
import filters from "./client/filters.js" with { type: "text" };
import list from "./client/list.js" with { type: "text" };
import main from "./client/main.js" with { type: "text" };
import mapDrawing from "./client/map_drawing.js" with { type: "text" };
import map from "./client/map.js" with { type: "text" };
import pageParts from "./client/page_parts.js" with { type: "text" };
import atomPage from "./client/atom_page.js" with { type: "text" };
import rowPage from "./client/row_page.js" with { type: "text" };
import picture from "./client/picture.js" with { type: "text" };
import selection from "./client/selection.js" with { type: "text" };
import unpack from "./client/unpack.js" with { type: "text" };
import words from "./client/words.js" with { type: "text" };

// Each after those it imports.
const MODULES = [
  words,
  dom,
  unpack,
  picture,
  dictionary,
  selection,
  list,
  pageParts,
  atomPage,
  rowPage,
  mapDrawing,
  map,
  filters,
  main,
];

/**
 * The browser's script in one piece: a page opened from the file system cannot load modules. Each module keeps its
 * private names in a scope of its own and hands on what it exports.
 */
export function clientScript(): string {
  const scopes = MODULES.map((source) => {
    const exported = [
      ...source.matchAll(/^export (?:async )?(?:function|const) (\w+)/gm),
    ].map((match) => match[1]);
    const body = source
      .replace(/^import [^;]*;$/gm, "")
      .replace(/^export /gm, "");
    return `const { ${exported.join(", ")} } = (() => {\n${body}\nreturn { ${
      exported.join(", ")
    } };\n})();`;
  });
  return `"use strict";\n${scopes.join("\n")}\nstartBrowser();\n`;
}
