// The search field and the filters beside it.
import type { Dictionary } from "./types.ts";
import { element } from "./dom.ts";
import { type Filter, ORDERS } from "./selection.ts";

const TYPING_PAUSE = 80;
// A float32 cosine of 1 may be a little above it.
const ROUNDING = 1e-6;

/** The controls over the list. */
export interface Filters {
  form: HTMLFormElement;
  search: HTMLInputElement;
  /** What they say. */
  read(): Filter;
}

/** The controls over the list; `onChange(filter, submitted)` whenever they say something else, or on Enter. */
export function createFilters(
  dictionary: Dictionary,
  onChange: (filter: Filter, submitted?: boolean) => void,
): Filters {
  const search = searchField(dictionary);
  const order = orderField();
  const fields = filterFields(dictionary);
  const form = element(
    "form",
    { class: "filters", role: "search" },
    search,
    order,
    element(
      "details",
      {},
      element("summary", {}, "Filters"),
      element("div", { class: "fields" }, fields.elements),
    ),
  );
  const read = (): Filter => ({
    query: search.value,
    order: order.value,
    ...fields.read(),
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(() => onChange(read()), TYPING_PAUSE);
  };
  form.addEventListener("input", later);
  form.addEventListener("reset", later);
  // A form of several fields and no button to send it never submits by itself.
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    clearTimeout(timer);
    onChange(read(), true);
  });
  return { form, search, read };
}

function searchField(dictionary: Dictionary) {
  return element("input", {
    type: "search",
    id: "search",
    placeholder: dictionary.hasText
      ? "Search texts, labels, #index"
      : "Search labels, #index",
    "aria-label": "Search atoms",
    autocomplete: "off",
    spellcheck: "false",
  });
}

function orderField() {
  return element(
    "select",
    { "aria-label": "Order" },
    element("option", { value: "auto" }, "Order: best match, most used"),
    Object.entries(ORDERS).map(([value, [name]]) =>
      element("option", { value }, `Order: ${name.toLowerCase()}`)
    ),
  );
}

function filterFields(dictionary: Dictionary) {
  const usageFrom = numberField("Used by at least", "%", 0, 100);
  const usageTo = numberField("Used by at most", "%", 0, 100);
  const coherenceFrom = numberField("Nearest cosine at least", "", 0, 1);
  const coherenceTo = numberField("Nearest cosine at most", "", 0, 1);
  const labelled = element("input", { type: "checkbox" });
  const group = groupField(dictionary);
  return {
    elements: [
      ...[usageFrom, usageTo, coherenceFrom, coherenceTo].map((f) => f.label),
      dictionary.groups.length > 1
        ? element("label", {}, element("span", {}, "Group"), group)
        : undefined,
      element("label", { class: "check" }, labelled, "Only with a label"),
      element("button", { type: "reset", class: "plain" }, "Clear filters"),
    ],
    read: () => ({
      usageFrom: usageFrom.value(0) / 100,
      usageTo: usageTo.value(100) / 100,
      coherenceFrom: coherenceFrom.value(0),
      coherenceTo: coherenceTo.value(1) + ROUNDING,
      labelled: labelled.checked,
      group: group.value === "" ? undefined : Number(group.value),
    }),
  };
}

function groupField(dictionary: Dictionary) {
  return element(
    "select",
    {},
    element("option", { value: "" }, "all"),
    dictionary.groups.map((size, g) =>
      element("option", { value: g }, `${g + 1} (${size} atoms)`)
    ),
  );
}

function numberField(name: string, unit: string, low: number, high: number) {
  const input = element("input", {
    type: "number",
    min: low,
    max: high,
    step: "any",
    placeholder: name.endsWith("least") ? low : high,
  });
  return {
    label: element("label", {}, element("span", {}, name), input, unit),
    value: (otherwise: number) =>
      input.value === "" || !Number.isFinite(input.valueAsNumber)
        ? otherwise
        : input.valueAsNumber,
  };
}
