// Elements without markup in strings: text from the data can only ever become text.

const SVG_TAGS = new Set(["svg", "g", "rect", "line", "text", "title"]);

type Present = Node | string;

/** What may stand in an element; what is undefined is left out. */
export type Child = Present | undefined;
type Children = Child | readonly Child[];

type Attribute = string | number | boolean | undefined | EventListener;
type Attributes = Readonly<Record<string, Attribute>>;

/**
 * An element: `element("a", { class: "x", href: "#/" }, "text", child)`. Attributes that are undefined or false are
 * left out, `on…` functions become listeners.
 */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes?: Attributes,
  ...children: Children[]
): HTMLElementTagNameMap[K];
export function element(
  tag: "svg" | "g" | "rect" | "line" | "text" | "title",
  attributes?: Attributes,
  ...children: Children[]
): SVGElement;
export function element(
  tag: string,
  attributes: Attributes = {},
  ...children: Children[]
): Element {
  const made = SVG_TAGS.has(tag)
    ? document.createElementNS("http://www.w3.org/2000/svg", tag)
    : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (typeof value === "function") {
      made.addEventListener(name.slice(2), value);
    } else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(
    ...children.flat().filter((child) => child !== undefined) as Present[],
  );
  return made;
}

/** Sets custom properties through the style object, which a strict content policy allows. */
export function withStyle<E extends ElementCSSInlineStyle>(
  made: E,
  properties: Record<string, string | number>,
): E {
  for (const [name, value] of Object.entries(properties)) {
    made.style.setProperty(name, String(value));
  }
  return made;
}

/** A horizontal bar of a share between 0 and 1. */
export function bar(share: number, sign = 1): HTMLElement {
  const filled = element("i", { class: sign < 0 ? "negative" : "positive" });
  withStyle(filled, { width: `${Math.min(1, share) * 100}%` });
  return element("span", { class: "bar", "aria-hidden": "true" }, filled);
}
