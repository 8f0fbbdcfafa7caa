// Made from client/ by `deno task write-client`; change it there.
(() => {
  // src/report/client/latent_rows.ts
  var EMPTY = 4294967295;
  var CONTEXT_UNIT = 63;
  var topList = (atoms, rows) => ({
    count: atoms.topRows,
    samples: rows.topSamples,
    values: rows.topValues,
    contexts: rows.topContexts
  });
  var spreadList = (atoms, rows) => ({
    count: atoms.spreadRows,
    samples: rows.spreadSamples,
    values: rows.spreadValues,
    contexts: rows.spreadContexts
  });
  function topRowsOfAtom(atoms, rows, atom) {
    const list = topList(atoms, rows);
    const found = [];
    for (let side = 0; side < atoms.sides; side++) {
      found.push(...listed(list, atom * atoms.sides + side));
    }
    return found.sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  }
  function listed({ count, samples, values, contexts }, latent) {
    const found = [];
    for (let slot = latent * count; slot < (latent + 1) * count; slot++) {
      if (samples[slot] === EMPTY) break;
      const row = {
        place: samples[slot],
        value: values[slot],
        times: 1
      };
      if (contexts !== void 0) {
        const width = contexts.length / samples.length;
        row.context = Array.from(contexts.subarray(slot * width, (slot + 1) * width), (share2) => share2 / CONTEXT_UNIT);
      }
      found.push(row);
    }
    return found;
  }
  function sidesOfAtom(atoms, rows, atom) {
    const found = [];
    for (let side = 0; side < atoms.sides; side++) {
      const latent = atom * atoms.sides + side;
      if (atoms.latentUses[latent] === 0) continue;
      found.push({
        sign: side === 0 ? 1 : -1,
        uses: atoms.latentUses[latent],
        maxActivation: atoms.latentMaxima[latent],
        top: withoutRepeats(rows, listed(topList(atoms, rows), latent)),
        spread: withoutRepeats(rows, listed(spreadList(atoms, rows), latent))
      });
    }
    return found.sort((a, b) => b.maxActivation - a.maxActivation);
  }
  function withoutRepeats(rows, found) {
    if (rows.pictureOffsets !== void 0) return found;
    const shown = /* @__PURE__ */ new Map();
    for (const row of found) {
      const { place } = row;
      const text = rows.texts[place];
      const key = text === "" ? `row ${place}` : JSON.stringify([
        rows.before?.[place],
        text,
        rows.after?.[place]
      ]);
      const known = shown.get(key);
      if (known === void 0) shown.set(key, row);
      else known.times++;
    }
    return [
      ...shown.values()
    ];
  }

  // src/text.ts
  function unbrokenCount(value) {
    return grouped(value, "\xA0");
  }
  function grouped(value, apart) {
    return Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, apart);
  }

  // src/report/client/words.ts
  function figure(value, digits = 3) {
    if (value < 0) return `\u2212${figure(-value, digits)}`;
    if (value === 0 || !Number.isFinite(value)) return String(value);
    if (value >= 1e6 || value < 1e-3) return value.toExponential(digits - 1);
    return value >= 1e3 ? unbrokenCount(value) : String(Number(value.toPrecision(digits)));
  }
  function share(value) {
    const percent = value * 100;
    if (percent > 0 && percent < 0.01) return "<0.01%";
    return `${Number(percent.toPrecision(percent >= 10 ? 3 : 2))}%`;
  }
  function cut(text, length) {
    if (text.length <= length) return text;
    return `${[
      ...text.slice(0, length + 1)
    ].slice(0, -1).join("")}\u2026`;
  }
  function cutStart(text, length) {
    if (text.length <= length) return text;
    return `\u2026${[
      ...text.slice(-length - 1)
    ].slice(1).join("")}`;
  }
  function logitsInWords({ tensor, norm }) {
    const folded = norm === void 0 ? "without the final norm" : `${norm} folded in`;
    return `per unit of code, by ${tensor}, ${folded}`;
  }

  // src/report/client/dictionary.ts
  var EMPTY2 = 4294967295;
  var TITLE_ROWS = 4;
  function createDictionary(atoms, rows, pictures) {
    const titles = /* @__PURE__ */ new Map();
    const placeOfRow = /* @__PURE__ */ new Map();
    rows.numbers.forEach((number, place) => placeOfRow.set(number, place));
    const dictionary = {
      ...atoms,
      texts: rows.texts,
      before: rows.before,
      after: rows.after,
      tokens: rows.tokens,
      at: rows.at,
      numbers: rows.numbers,
      residual: rows.residual,
      pictures,
      hasText: rows.texts.some((text) => text !== ""),
      placeOfRow: (number) => placeOfRow.get(number),
      topRows: (atom) => topRowsOfAtom(atoms, rows, atom),
      sidesOf: (atom) => sidesOfAtom(atoms, rows, atom),
      neighbours: (atom) => neighboursOf(atoms, atom),
      partners: (atom) => partnersOf(atoms, atom),
      density: (atom) => atoms.rows === 0 ? 0 : atoms.uses[atom] / atoms.rows,
      group(atom) {
        let end = 0;
        return atoms.groups.findIndex((size) => atom < (end += size));
      },
      label: (atom) => dictionary.labels[atom],
      setLabels(labels) {
        dictionary.labels = labels;
        titles.clear();
      },
      title(atom) {
        let title = titles.get(atom);
        if (title === void 0) {
          title = dictionary.labels[atom] ?? wordsOf(dictionary, atom);
          titles.set(atom, title);
        }
        return title;
      }
    };
    return dictionary;
  }
  function neighboursOf(atoms, atom) {
    const found = [];
    for (let c = 0; c < atoms.nearestCount; c++) {
      const slot = atom * atoms.nearestCount + c;
      if (atoms.nearest[slot] === EMPTY2) break;
      found.push({
        atom: atoms.nearest[slot],
        cosine: atoms.cosines[slot]
      });
    }
    return found;
  }
  function partnersOf({ together, togetherShares, togetherCount }, atom) {
    const found = [];
    if (together === void 0 || togetherShares === void 0) return found;
    for (let c = 0; c < togetherCount; c++) {
      const slot = atom * togetherCount + c;
      if (together[slot] === EMPTY2) break;
      found.push({
        atom: together[slot],
        share: togetherShares[slot]
      });
    }
    return found;
  }
  function wordsOf(dictionary, atom) {
    const rows = dictionary.topRows(atom);
    if (rows.length === 0 || !dictionary.captions) return "";
    const words2 = [];
    for (const { place, value } of rows) {
      if (Math.sign(value) !== Math.sign(rows[0].value)) continue;
      const text = cut(dictionary.texts[place].trim().replace(/\s+/g, " "), 48);
      const known = words2.some((w) => w.toLowerCase() === text.toLowerCase());
      if (text !== "" && !known) words2.push(text);
      if (words2.length === TITLE_ROWS) break;
    }
    return words2.join(" \xB7 ");
  }

  // src/report/client/dom.ts
  var SVG_TAGS = /* @__PURE__ */ new Set([
    "svg",
    "g",
    "rect",
    "line",
    "text",
    "title"
  ]);
  function element(tag, attributes = {}, ...children) {
    const made = SVG_TAGS.has(tag) ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value === void 0 || value === false) continue;
      if (typeof value === "function") {
        made.addEventListener(name.slice(2), value);
      } else made.setAttribute(name, value === true ? "" : String(value));
    }
    made.append(...children.flat().filter((child) => child !== void 0));
    return made;
  }
  function withStyle(made, properties) {
    for (const [name, value] of Object.entries(properties)) {
      made.style.setProperty(name, String(value));
    }
    return made;
  }
  function bar(share2, sign = 1) {
    const filled = element("i", {
      class: sign < 0 ? "negative" : "positive"
    });
    withStyle(filled, {
      width: `${Math.min(1, share2) * 100}%`
    });
    return element("span", {
      class: "bar",
      "aria-hidden": "true"
    }, filled);
  }

  // src/report/client/selection.ts
  var ORDERS = {
    uses: [
      "Most used",
      (d) => (atom) => -d.uses[atom]
    ],
    rare: [
      "Least used",
      (d) => (atom) => d.uses[atom]
    ],
    mean: [
      "Strongest on average",
      (d) => (atom) => -d.meanActivation[atom]
    ],
    largest: [
      "Largest value",
      (d) => (atom) => -d.maxActivation[atom]
    ],
    coherent: [
      "Nearest to another atom",
      (d) => (atom) => -d.coherence[atom]
    ],
    lone: [
      "Farthest from all others",
      (d) => (atom) => d.coherence[atom]
    ],
    index: [
      "Index",
      () => (atom) => atom
    ],
    match: [
      "Best match",
      (_, scores) => (atom) => -(scores?.[atom] ?? 0)
    ]
  };
  function selectAtoms(dictionary, filter, find) {
    const scores = find(filter.query);
    const chosen = [];
    for (let atom = 0; atom < dictionary.atoms; atom++) {
      const density = dictionary.density(atom);
      const coherence = dictionary.coherence[atom];
      const passes = (scores === void 0 || scores[atom] > 0) && density >= filter.usageFrom && density <= filter.usageTo && coherence >= filter.coherenceFrom && coherence <= filter.coherenceTo && (!filter.labelled || dictionary.label(atom) !== void 0) && (filter.group === void 0 || dictionary.group(atom) === filter.group);
      if (passes) chosen.push(atom);
    }
    const order = filter.order === "auto" ? scores === void 0 ? "uses" : "match" : filter.order;
    const key = ORDERS[order][1](dictionary, scores);
    const keys = new Float64Array(dictionary.atoms);
    for (const atom of chosen) keys[atom] = key(atom);
    return Uint32Array.from(chosen.sort((a, b) => keys[a] - keys[b] || a - b));
  }

  // src/report/client/filters.ts
  var TYPING_PAUSE = 80;
  var ROUNDING = 1e-6;
  function createFilters(dictionary, onChange) {
    const search = searchField(dictionary);
    const order = orderField();
    const fields = filterFields(dictionary);
    const form = element("form", {
      class: "filters",
      role: "search"
    }, search, order, element("details", {}, element("summary", {}, "Filters"), element("div", {
      class: "fields"
    }, fields.elements)));
    const read = () => ({
      query: search.value,
      order: order.value,
      ...fields.read()
    });
    let timer;
    const later = () => {
      clearTimeout(timer);
      timer = setTimeout(() => onChange(read()), TYPING_PAUSE);
    };
    form.addEventListener("input", later);
    form.addEventListener("reset", later);
    search.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      clearTimeout(timer);
      onChange(read(), true);
    });
    return {
      form,
      search,
      read
    };
  }
  function searchField(dictionary) {
    return element("input", {
      type: "search",
      id: "search",
      placeholder: dictionary.hasText ? "Search texts, labels, #index" : "Search labels, #index",
      "aria-label": "Search atoms",
      autocomplete: "off",
      spellcheck: "false"
    });
  }
  function orderField() {
    return element("select", {
      "aria-label": "Order"
    }, element("option", {
      value: "auto"
    }, "Order: best match, most used"), Object.entries(ORDERS).map(([value, [name]]) => element("option", {
      value
    }, `Order: ${name.toLowerCase()}`)));
  }
  function filterFields(dictionary) {
    const usageFrom = numberField("Used by at least", "%", 0, 100);
    const usageTo = numberField("Used by at most", "%", 0, 100);
    const coherenceFrom = numberField("Nearest cosine at least", "", 0, 1);
    const coherenceTo = numberField("Nearest cosine at most", "", 0, 1);
    const labelled = element("input", {
      type: "checkbox"
    });
    const group = groupField(dictionary);
    return {
      elements: [
        ...[
          usageFrom,
          usageTo,
          coherenceFrom,
          coherenceTo
        ].map((f) => f.label),
        dictionary.groups.length > 1 ? element("label", {}, element("span", {}, "Group"), group) : void 0,
        element("label", {
          class: "check"
        }, labelled, "Only with a label"),
        element("button", {
          type: "reset",
          class: "plain"
        }, "Clear filters")
      ],
      read: () => ({
        usageFrom: usageFrom.value(0) / 100,
        usageTo: usageTo.value(100) / 100,
        coherenceFrom: coherenceFrom.value(0),
        coherenceTo: coherenceTo.value(1) + ROUNDING,
        labelled: labelled.checked,
        group: group.value === "" ? void 0 : Number(group.value)
      })
    };
  }
  function groupField(dictionary) {
    return element("select", {}, element("option", {
      value: ""
    }, "all"), dictionary.groups.map((size, g) => element("option", {
      value: g
    }, `${g + 1} (${size} atoms)`)));
  }
  function numberField(name, unit, low, high) {
    const input = element("input", {
      type: "number",
      min: low,
      max: high,
      step: "any",
      placeholder: name.endsWith("least") ? low : high
    });
    return {
      label: element("label", {}, element("span", {}, name), input, unit),
      value: (otherwise) => input.value === "" || !Number.isFinite(input.valueAsNumber) ? otherwise : input.valueAsNumber
    };
  }

  // src/report/client/labels.ts
  var LONGEST_LABEL = 200;
  function createLabelEditor(dictionary, onChange) {
    const { token } = document.body.dataset;
    if (token === void 0) return void 0;
    const server = new LabelServer(dictionary, token);
    const send = async (labels, source, status) => {
      status.textContent = "Saving\u2026";
      const problem = await server.send(labels, source);
      status.textContent = problem ?? "Saved";
      if (problem === void 0) onChange();
    };
    return {
      field: (atom) => labelField(dictionary, atom, send),
      importer: () => labelImporter(send)
    };
  }
  var CHANGED = "The names were changed elsewhere meanwhile: look again, then save";
  var LabelServer = class {
    dictionary;
    token;
    #version;
    constructor(dictionary, token) {
      this.dictionary = dictionary;
      this.token = token;
    }
    /** Sends a change; gives what is wrong with it, if anything. */
    async send(labels, source) {
      try {
        if (this.#version === void 0) {
          const shown = this.#shown(labels);
          this.#version = await this.#read();
          if (source === "hand" && this.#shown(labels) !== shown) return CHANGED;
        }
        const answer = await fetch("/labels", {
          method: "POST",
          headers: {
            "content-type": "application/json",
            "x-token": this.token,
            "if-match": this.#version
          },
          body: JSON.stringify({
            labels,
            source
          })
        });
        if (answer.ok) {
          await this.#take(answer);
          return void 0;
        }
        if (answer.status === 409) {
          this.#version = await this.#read();
          return CHANGED;
        }
        return (await answer.json()).error ?? `Not saved (${answer.status})`;
      } catch {
        return "Not saved: the tool no longer answers";
      }
    }
    #shown(labels) {
      const atoms = Object.keys(labels).map(Number);
      return JSON.stringify(atoms.map((atom) => this.dictionary.label(atom)));
    }
    async #read() {
      return await this.#take(await fetch("/labels"));
    }
    async #take(answer) {
      const { labels } = await answer.json();
      this.dictionary.setLabels(labels);
      return this.#version = answer.headers.get("etag") ?? "";
    }
  };
  function labelField(dictionary, atom, send) {
    const name = element("input", {
      type: "text",
      value: dictionary.label(atom) ?? "",
      maxlength: LONGEST_LABEL,
      placeholder: "Name this atom",
      "aria-label": `Name of atom ${atom}`,
      autocomplete: "off"
    });
    const status = element("span", {
      role: "status",
      class: "saved"
    });
    const form = element("form", {
      class: "naming"
    }, name, element("button", {
      type: "submit"
    }, "Save"), status);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send({
        [atom]: name.value.trim()
      }, "hand", status);
    });
    return form;
  }
  function labelImporter(send) {
    const file = element("input", {
      type: "file",
      accept: ".json,application/json",
      "aria-label": "Import names from a file"
    });
    const status = element("span", {
      role: "status",
      class: "saved"
    });
    file.addEventListener("change", async () => {
      const chosen = file.files?.[0];
      if (chosen === void 0) return;
      const labels = parseNames(await chosen.text());
      file.value = "";
      if (labels === void 0) {
        status.textContent = 'Not a file of names, such as {"17": "music"}';
      } else await send(labels, "import", status);
    });
    return element("p", {
      class: "hints"
    }, element("label", {}, "Import names: ", file), " ", status);
  }
  function parseNames(text) {
    try {
      const names = {};
      for (const [atom, entry] of Object.entries(JSON.parse(text))) {
        const name = typeof entry === "string" ? entry : entry.label;
        if (!/^\d+$/.test(atom) || typeof name !== "string") return void 0;
        names[atom] = name;
      }
      return names;
    } catch {
      return void 0;
    }
  }

  // src/report/client/pictures.ts
  function createPictures(offsets, size, load) {
    const addresses = /* @__PURE__ */ new Map();
    let unpacked;
    const addressOf = ({ bytes }, place) => {
      let address = addresses.get(place);
      if (address === void 0) {
        const own = bytes.slice(offsets[place], offsets[place + 1]);
        const type = own[0] === 137 ? "image/png" : "image/jpeg";
        address = URL.createObjectURL(new Blob([
          own
        ], {
          type
        }));
        addresses.set(place, address);
      }
      return address;
    };
    return {
      size,
      has: (place) => offsets[place + 1] > offsets[place],
      async show(image, place) {
        unpacked ??= load();
        image.src = addressOf(await unpacked, place);
      }
    };
  }
  function picturesIn(rows, size, load) {
    const { pictureOffsets } = rows;
    return pictureOffsets === void 0 || size === void 0 ? void 0 : createPictures(pictureOffsets, size, load);
  }
  function pictureOf(dictionary, place) {
    const { pictures } = dictionary;
    if (pictures === void 0) return void 0;
    const text = dictionary.texts[place];
    const name = `row ${dictionary.numbers[place]}`;
    if (!pictures.has(place)) {
      return element("span", {
        class: "picture none"
      }, "no picture");
    }
    const image = element("img", {
      class: "picture",
      alt: text === "" ? name : `${text}, ${name}`,
      decoding: "async"
    });
    pictures.show(image, place);
    return image;
  }
  function pictureStrip(dictionary, atom, count) {
    const { pictures } = dictionary;
    if (pictures === void 0) return void 0;
    const rows = dictionary.topRows(atom);
    const shown = rows.filter(({ place, value }) => pictures.has(place) && value < 0 === rows[0].value < 0).slice(0, count);
    return element("span", {
      class: "strip",
      "aria-hidden": "true"
    }, shown.map(({ place }) => pictureOf(dictionary, place)));
  }

  // src/report/client/list.ts
  var ROW_HEIGHT = 58;
  var SPARE_ROWS = 6;
  function createList(dictionary, container, onOpen) {
    const spacer = element("div", {
      class: "spacer",
      role: "presentation"
    });
    container.append(spacer);
    let atoms = new Uint32Array(0);
    let active = -1;
    let opened = -1;
    const made = /* @__PURE__ */ new Map();
    function draw() {
      const first = Math.max(0, Math.floor(container.scrollTop / ROW_HEIGHT) - SPARE_ROWS);
      const last = Math.min(atoms.length, Math.ceil((container.scrollTop + container.clientHeight) / ROW_HEIGHT) + SPARE_ROWS);
      for (const [place, row] of made) {
        if (place < first || place >= last) {
          row.remove();
          made.delete(place);
        }
      }
      for (let place = first; place < last; place++) {
        let row = made.get(place);
        if (row === void 0) {
          row = optionFor(dictionary, atoms[place], place, atoms.length);
          made.set(place, row);
          spacer.append(row);
        }
        row.classList.toggle("active", place === active);
        row.setAttribute("aria-selected", String(atoms[place] === opened));
      }
      const current = made.get(active);
      if (current !== void 0) {
        container.setAttribute("aria-activedescendant", current.id);
      } else container.removeAttribute("aria-activedescendant");
    }
    function activate(place) {
      if (atoms.length === 0) return;
      active = Math.max(0, Math.min(atoms.length - 1, place));
      const top = active * ROW_HEIGHT;
      const page = container.clientHeight;
      if (top < container.scrollTop) container.scrollTop = top;
      else if (top + ROW_HEIGHT > container.scrollTop + page) {
        container.scrollTop = top + ROW_HEIGHT - page;
      }
      draw();
    }
    function onKey2(event) {
      const page = Math.max(1, Math.floor(container.clientHeight / ROW_HEIGHT));
      const place = movedPlace(event.key, active, page, atoms.length);
      if (place !== void 0) activate(place);
      else if (event.key === "Enter" || event.key === " ") {
        if (active >= 0) onOpen(atoms[active]);
      } else return;
      event.preventDefault();
    }
    container.addEventListener("scroll", draw, {
      passive: true
    });
    container.addEventListener("keydown", onKey2);
    container.addEventListener("focus", () => {
      if (active < 0) activate(Math.max(0, atoms.indexOf(opened)));
    });
    container.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option !== null) onOpen(Number(option.dataset.atom));
    });
    new ResizeObserver(draw).observe(container);
    return {
      show(chosen) {
        atoms = chosen;
        active = -1;
        for (const row of made.values()) row.remove();
        made.clear();
        spacer.style.height = `${atoms.length * ROW_HEIGHT}px`;
        container.scrollTop = 0;
        draw();
      },
      mark(atom) {
        opened = atom;
        const place = atoms.indexOf(atom);
        if (place < 0) return draw();
        const top = place * ROW_HEIGHT;
        const page = container.clientHeight;
        const seen = top >= container.scrollTop && top + ROW_HEIGHT <= container.scrollTop + page;
        if (!seen) container.scrollTop = top - (page - ROW_HEIGHT) / 2;
        activate(place);
      },
      redraw() {
        for (const row of made.values()) row.remove();
        made.clear();
        draw();
      },
      beside: (steps) => atoms[atoms.indexOf(opened) + steps]
    };
  }
  function movedPlace(key, place, page, size) {
    const moves = {
      ArrowDown: place + 1,
      ArrowUp: place - 1,
      PageDown: place + page,
      PageUp: place - page,
      Home: 0,
      End: size - 1
    };
    return Object.hasOwn(moves, key) ? moves[key] : void 0;
  }
  function optionFor(dictionary, atom, place, size) {
    const title = dictionary.title(atom);
    const uses = dictionary.uses[atom];
    const row = element("div", {
      role: "option",
      id: `atom-option-${atom}`,
      "aria-posinset": place + 1,
      "aria-setsize": size,
      "data-atom": atom,
      class: uses === 0 && dictionary.rows > 0 ? "dead" : void 0
    }, element("span", {
      class: "option-title"
    }, element("span", {
      class: "index"
    }, String(atom)), element("bdi", {
      class: dictionary.label(atom) === void 0 ? void 0 : "label"
    }, title || `Atom ${atom}`)), element("span", {
      class: "option-figures"
    }, figuresOf(dictionary, atom)), pictureStrip(dictionary, atom, 3));
    row.style.top = `${place * ROW_HEIGHT}px`;
    return row;
  }
  function figuresOf(dictionary, atom) {
    const nearest = `nearest ${figure(dictionary.coherence[atom], 2)}`;
    if (dictionary.rows === 0) return nearest;
    const uses = dictionary.uses[atom];
    if (uses === 0) return `never used \xB7 ${nearest}`;
    return `${unbrokenCount(uses)} rows (${share(dictionary.density(atom))}) \xB7 ${nearest}`;
  }

  // src/report/client/map_drawing.ts
  var SHADES = 16;
  var MOST_NAMES = 400;
  var MOST_STRETCH = 1.4;
  var NAME_FONT = "12px Inter, system-ui, sans-serif";
  function readColours() {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const from = colour("--ramp-low").split(" ").map(Number);
    const to = colour("--ramp-high").split(" ").map(Number);
    return {
      shades: Array.from({
        length: SHADES
      }, (_, s) => {
        const mixed = from.map((low, c) => Math.round(low + (to[c] - low) * s / (SHADES - 1)));
        return `rgb(${mixed.join(" ")})`;
      }),
      groups: [
        1,
        2,
        3,
        4
      ].map((series) => colour(`--series-${series}`)),
      text: colour("--text"),
      page: colour("--panel"),
      faint: colour("--line"),
      accent: colour("--series-2")
    };
  }
  function labelledAtoms(dictionary) {
    const order = Array.from({
      length: dictionary.atoms
    }, (_, atom) => atom).sort((a, b) => Number(dictionary.label(b) !== void 0) - Number(dictionary.label(a) !== void 0) || dictionary.uses[b] - dictionary.uses[a]);
    return order.slice(0, MOST_NAMES).map((atom) => ({
      atom,
      name: dictionary.label(atom) ?? dictionary.title(atom).split(" \xB7 ")[0]
    })).filter(({ name }) => name !== "");
  }
  function mapSize(canvas, scale) {
    const down = canvas.clientHeight / 2 * scale;
    const across = canvas.clientWidth / 2 * scale;
    const least = Math.min(across, down);
    return {
      across: Math.min(across, least * MOST_STRETCH),
      down: Math.min(down, least * MOST_STRETCH)
    };
  }
  function drawMap(state, colours) {
    const { canvas, view, dictionary, positions } = state;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    if (width === 0 || height === 0) return;
    const ratio = devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio)) {
      canvas.width = Math.round(width * ratio);
    }
    if (canvas.height !== Math.round(height * ratio)) {
      canvas.height = Math.round(height * ratio);
    }
    const context = canvas.getContext("2d");
    if (context === null) return;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const { across, down } = mapSize(canvas, view.scale);
    const frame = {
      context,
      width,
      height,
      x: (atom) => (positions[2 * atom] - view.x) * across + width / 2,
      y: (atom) => (positions[2 * atom + 1] - view.y) * down + height / 2,
      radius: Math.max(1.4, Math.min(9, 60 / Math.sqrt(dictionary.atoms) * Math.sqrt(view.scale)))
    };
    drawPoints(state, frame, colours);
    if (state.selected >= 0) drawSelected(state, frame, colours);
    if (state.hovered >= 0) ring(frame, state.hovered, colours.text, 1.5);
    drawNames(state, frame, colours);
  }
  function drawPoints(state, frame, colours) {
    const { dictionary, chosen } = state;
    const buckets = /* @__PURE__ */ new Map();
    const shadeOf = shading(state, colours);
    for (let atom = 0; atom < dictionary.atoms; atom++) {
      const x = frame.x(atom);
      const y = frame.y(atom);
      if (x < -10 || y < -10 || x > frame.width + 10 || y > frame.height + 10) {
        continue;
      }
      const faint = chosen !== void 0 && !chosen.has(atom);
      const colour = faint ? colours.faint : shadeOf(atom);
      const points = buckets.get(colour);
      if (points === void 0) buckets.set(colour, [
        x,
        y
      ]);
      else points.push(x, y);
    }
    const order = [
      ...buckets
    ].sort(([a], [b]) => Number(b === colours.faint) - Number(a === colours.faint));
    for (const [colour, points] of order) {
      frame.context.fillStyle = colour;
      frame.context.beginPath();
      for (let i = 0; i < points.length; i += 2) {
        frame.context.moveTo(points[i] + frame.radius, points[i + 1]);
        frame.context.arc(points[i], points[i + 1], frame.radius, 0, 7);
      }
      frame.context.fill();
    }
  }
  function shading({ dictionary, colourBy }, colours) {
    const by = colourBy();
    if (by === "group") {
      return (atom) => colours.groups[dictionary.group(atom) % colours.groups.length];
    }
    const ranks = ranksOf(by === "coherence" ? dictionary.coherence : dictionary.uses);
    return (atom) => colours.shades[Math.floor(ranks[atom] / dictionary.atoms * SHADES)];
  }
  function ranksOf(values) {
    const order = Array.from(values, (_, atom) => atom).sort((a, b) => values[a] - values[b] || a - b);
    const ranks = new Uint32Array(values.length);
    order.forEach((atom, rank) => ranks[atom] = rank);
    return ranks;
  }
  function drawSelected({ dictionary, selected }, frame, colours) {
    const { context } = frame;
    context.strokeStyle = colours.accent;
    context.lineWidth = 1;
    for (const { atom } of dictionary.neighbours(selected)) {
      context.beginPath();
      context.moveTo(frame.x(selected), frame.y(selected));
      context.lineTo(frame.x(atom), frame.y(atom));
      context.stroke();
    }
    ring(frame, selected, colours.accent, 2.5);
  }
  function ring({ context, x, y, radius }, atom, colour, thickness) {
    context.strokeStyle = colour;
    context.lineWidth = thickness;
    context.beginPath();
    context.arc(x(atom), y(atom), radius + 2.5, 0, 7);
    context.stroke();
  }
  function drawNames({ names, dictionary, chosen, selected }, frame, colours) {
    const { context } = frame;
    context.font = NAME_FONT;
    context.textBaseline = "middle";
    context.lineJoin = "round";
    context.lineWidth = 3.5;
    context.strokeStyle = colours.page;
    context.fillStyle = colours.text;
    const taken = [];
    const first = selected < 0 ? [] : [
      selected,
      ...neighbourAtoms(dictionary, selected)
    ].map((atom) => ({
      atom,
      name: dictionary.title(atom).split(" \xB7 ")[0]
    }));
    for (const { atom, name } of [
      ...first,
      ...names
    ]) {
      if (chosen !== void 0 && !chosen.has(atom)) continue;
      const words2 = cut(name, 22);
      const left = frame.x(atom) + frame.radius + 4;
      const middle = frame.y(atom);
      const right = left + context.measureText(words2).width;
      const box = [
        left - 4,
        middle - 9,
        right + 4,
        middle + 9
      ];
      const outside = left < 0 || right > frame.width || middle < 9 || middle > frame.height - 9;
      const hidden = outside || taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1]);
      if (hidden) continue;
      taken.push(box);
      context.strokeText(words2, left, middle);
      context.fillText(words2, left, middle);
    }
  }
  function neighbourAtoms(dictionary, atom) {
    return dictionary.neighbours(atom).map((neighbour) => neighbour.atom);
  }

  // src/report/client/map.ts
  var NEAR_PIXELS = 14;
  var CLICK_PIXELS = 4;
  var KEY_PIXELS = 40;
  var ZOOM_STEP = 1.5;
  function createMap(dictionary, onOpen) {
    const { positions } = dictionary;
    if (positions === void 0) return void 0;
    const canvas = element("canvas", {
      tabindex: "0",
      role: "img",
      "aria-label": "Map of the atoms: atoms with near directions lie together. Arrow keys move it, plus and minus zoom; the list holds the same atoms."
    });
    const tip = element("div", {
      class: "tip",
      hidden: true
    });
    const colour = colourField(dictionary);
    const state = createState(dictionary, positions, canvas, () => colour.value);
    const motion = createMotion(state);
    colour.addEventListener("change", state.draw);
    listen(state, tip, motion, onOpen);
    new ResizeObserver(state.draw).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      state.colours = void 0;
      state.draw();
    });
    return {
      frame: element("div", {
        class: "map"
      }, element("div", {
        class: "map-controls"
      }, colour, button("+", "Zoom in", () => motion.zoom(ZOOM_STEP)), button("\u2212", "Zoom out", () => motion.zoom(1 / ZOOM_STEP)), button("Reset", "Show the whole map", motion.reset)), element("div", {
        class: "map-area"
      }, canvas, tip)),
      choose(atoms) {
        state.chosen = atoms.length === dictionary.atoms ? void 0 : new Set(atoms);
        state.draw();
      },
      select(atom) {
        state.selected = atom;
        if (atom >= 0) motion.centre(atom);
        state.draw();
      }
    };
  }
  function colourField(dictionary) {
    return element("select", {
      "aria-label": "Colour by"
    }, element("option", {
      value: "uses"
    }, "Colour: usage"), element("option", {
      value: "coherence"
    }, "Colour: nearest cosine"), dictionary.groups.length > 1 ? element("option", {
      value: "group"
    }, "Colour: group") : void 0);
  }
  function button(words2, label, action) {
    return element("button", {
      type: "button",
      "aria-label": label,
      title: label,
      onclick: action
    }, words2);
  }
  function createState(dictionary, positions, canvas, colourBy) {
    let waiting = false;
    const state = {
      dictionary,
      positions,
      canvas,
      view: {
        x: 0,
        y: 0,
        scale: 1
      },
      chosen: void 0,
      selected: -1,
      hovered: -1,
      names: labelledAtoms(dictionary),
      colours: void 0,
      colourBy,
      draw() {
        if (waiting) return;
        waiting = true;
        requestAnimationFrame(() => {
          waiting = false;
          state.colours ??= readColours();
          drawMap(state, state.colours);
        });
      }
    };
    return state;
  }
  function createMotion(state) {
    const { canvas, positions } = state;
    return {
      zoom(factor, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) {
        const { view } = state;
        const scale = Math.max(0.5, Math.min(200, view.scale * factor));
        const { across, down } = mapSize(canvas, 1);
        const dx = (x - canvas.clientWidth / 2) / across;
        const dy = (y - canvas.clientHeight / 2) / down;
        view.x += dx / view.scale - dx / scale;
        view.y += dy / view.scale - dy / scale;
        view.scale = scale;
        state.draw();
      },
      move(dx, dy) {
        const { across, down } = mapSize(canvas, state.view.scale);
        state.view.x -= dx / across;
        state.view.y -= dy / down;
        state.draw();
      },
      reset() {
        state.view = {
          x: 0,
          y: 0,
          scale: 1
        };
        state.draw();
      },
      centre(atom) {
        state.view = {
          x: positions[2 * atom],
          y: positions[2 * atom + 1],
          scale: Math.max(2.5, state.view.scale)
        };
      }
    };
  }
  function listen(state, tip, motion, onOpen) {
    const { canvas } = state;
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      motion.zoom(Math.exp(-event.deltaY / 400), event.offsetX, event.offsetY);
    }, {
      passive: false
    });
    canvas.addEventListener("pointerleave", () => {
      tip.hidden = true;
      state.hovered = -1;
      state.draw();
    });
    canvas.addEventListener("keydown", (event) => onMapKey(event, motion));
    listenForDrags(state, tip, motion, onOpen);
  }
  function listenForDrags(state, tip, motion, onOpen) {
    const { canvas } = state;
    let dragged;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      dragged = {
        x: event.clientX,
        y: event.clientY,
        far: false
      };
    });
    canvas.addEventListener("pointermove", (event) => {
      if (dragged === void 0) {
        return hover(state, tip, event.offsetX, event.offsetY);
      }
      const dx = event.clientX - dragged.x;
      const dy = event.clientY - dragged.y;
      if (!dragged.far && Math.hypot(dx, dy) < CLICK_PIXELS) return;
      dragged = {
        x: event.clientX,
        y: event.clientY,
        far: true
      };
      motion.move(dx, dy);
    });
    canvas.addEventListener("pointerup", (event) => {
      const clicked = dragged !== void 0 && !dragged.far;
      dragged = void 0;
      const atom = nearestAtom(state, event.offsetX, event.offsetY);
      if (clicked && atom >= 0) onOpen(atom);
    });
  }
  function onMapKey(event, { move, zoom, reset }) {
    const actions = {
      ArrowLeft: () => move(KEY_PIXELS, 0),
      ArrowRight: () => move(-KEY_PIXELS, 0),
      ArrowUp: () => move(0, KEY_PIXELS),
      ArrowDown: () => move(0, -KEY_PIXELS),
      "+": () => zoom(ZOOM_STEP),
      "=": () => zoom(ZOOM_STEP),
      "-": () => zoom(1 / ZOOM_STEP),
      "0": reset
    };
    if (!Object.hasOwn(actions, event.key)) return;
    actions[event.key]();
    event.preventDefault();
  }
  function hover(state, tip, x, y) {
    const atom = nearestAtom(state, x, y);
    if (atom === state.hovered) return;
    state.hovered = atom;
    tip.hidden = atom < 0;
    if (atom >= 0) {
      const { dictionary, canvas } = state;
      tip.replaceChildren(element("span", {
        class: "index"
      }, String(atom)), element("bdi", {}, dictionary.title(atom) || `Atom ${atom}`), ...[
        pictureStrip(dictionary, atom, 3)
      ].filter((one) => one !== void 0));
      const right = x > canvas.clientWidth * 0.6;
      tip.style.left = right ? "auto" : `${x + 14}px`;
      tip.style.right = right ? `${canvas.clientWidth - x + 14}px` : "auto";
      tip.style.top = `${Math.max(4, y - 14)}px`;
    }
    state.canvas.classList.toggle("over", atom >= 0);
    state.draw();
  }
  function nearestAtom({ dictionary, positions, canvas, view, chosen }, x, y) {
    const { across, down } = mapSize(canvas, view.scale);
    const left = canvas.clientWidth / 2 - view.x * across;
    const top = canvas.clientHeight / 2 - view.y * down;
    let nearest = -1;
    let least = NEAR_PIXELS ** 2;
    for (let atom = 0; atom < dictionary.atoms; atom++) {
      if (chosen !== void 0 && !chosen.has(atom)) continue;
      const distance = (positions[2 * atom] * across + left - x) ** 2 + (positions[2 * atom + 1] * down + top - y) ** 2;
      if (distance < least) {
        least = distance;
        nearest = atom;
      }
    }
    return nearest;
  }

  // src/report/client/page_parts.ts
  function section(title, ...body) {
    return element("section", {}, element("h3", {}, title), ...body);
  }
  function atomLink(dictionary, atom) {
    return element("a", {
      href: `#/atom/${atom}`,
      class: "atom-link"
    }, element("span", {
      class: "index"
    }, String(atom)), element("bdi", {}, dictionary.title(atom) || `Atom ${atom}`), pictureStrip(dictionary, atom, 3));
  }

  // src/report/client/atom_rows.ts
  var MOST_BEFORE = 120;
  function rowsSections(dictionary, atom) {
    const sides = dictionary.sidesOf(atom);
    if (sides.length === 0) {
      const why = dictionary.rows === 0 ? "Inspect the model with its rows to see which ones use this atom." : "No row uses this atom.";
      return section("Rows that use it most", element("p", {
        class: "empty"
      }, why));
    }
    return element("div", {}, sides.map((side) => sideSections(dictionary, side)).flat());
  }
  function sideSections(dictionary, side) {
    const suffix = dictionary.sides === 1 ? "" : `, with a ${side.sign > 0 ? "positive" : "negative"} value`;
    const uses = `${unbrokenCount(side.uses)} rows (${share(side.uses / dictionary.rows)})`;
    const list = (rows) => dictionary.pictures === void 0 ? element("ol", {
      class: "rows"
    }, rows.map((row) => shownRow(dictionary, side, row))) : element("ol", {
      class: "pictures"
    }, rows.map((row) => shownPicture(dictionary, side, row)));
    return [
      section(`Rows that use it most${suffix}`, element("p", {
        class: "lead"
      }, uses), list(side.top)),
      side.spread.length === 0 ? void 0 : element("details", {
        class: "spread"
      }, element("summary", {}, `Drawn from all ${unbrokenCount(side.uses)}, strongest first`), list(side.spread))
    ];
  }
  function shownPicture(dictionary, side, { place, value }) {
    const text = dictionary.texts[place];
    return element("li", {}, element("a", {
      href: `#/row/${dictionary.numbers[place]}`,
      title: text || void 0
    }, pictureOf(dictionary, place), element("bdi", {
      class: "caption"
    }, text || `row ${dictionary.numbers[place]}`)), element("span", {
      class: "row-figures"
    }, bar(Math.abs(value) / (side.maxActivation || 1), value), element("span", {
      class: "value"
    }, figure(value))));
  }
  function shownRow(dictionary, side, { place, value, times, context }) {
    const strength = Math.abs(value) / (side.maxActivation || 1);
    return element("li", {}, element("a", {
      href: `#/row/${dictionary.numbers[place]}`
    }, rowText(dictionary, place, {
      strength,
      value,
      context
    })), element("span", {
      class: "row-figures"
    }, times > 1 ? element("span", {
      class: "times",
      title: "rows of this text"
    }, `\xD7${times}`) : void 0, bar(strength, value), element("span", {
      class: "value"
    }, figure(value))));
  }
  function rowText(dictionary, place, { strength, value, context }) {
    const tokens = dictionary.tokens?.[place];
    if (tokens !== void 0 && context !== void 0) {
      const at = dictionary.at?.[place] ?? 0;
      const middle = (context.length - 1) / 2;
      return element("bdi", {
        class: "row-text tokens"
      }, tokens.map((token, i) => {
        const own = context[middle + i - at] ?? 0;
        return marked(token, own * value, strength * Math.abs(own), i === at);
      }));
    }
    const text = dictionary.texts[place];
    return element("bdi", {
      class: "row-text"
    }, cutStart(dictionary.before?.[place] ?? "", MOST_BEFORE), marked(text === "" ? `row ${dictionary.numbers[place]}` : text, value, strength, true), dictionary.after?.[place]);
  }
  function marked(text, value, strength, own) {
    if (value === 0) return text;
    const mark = element("mark", {
      class: `${value < 0 ? "negative" : "positive"}${own ? " own" : ""}`
    }, text);
    const shade = 0.08 + 0.42 * Math.min(1, strength);
    return withStyle(mark, {
      "--strength": shade.toFixed(3)
    });
  }

  // src/report/client/logits.ts
  var EMPTY3 = 4294967295;
  function logitSections(dictionary, logits, atom) {
    const { unembedding, sides } = dictionary;
    if (unembedding === void 0) return [];
    const stronger = dictionary.sidesOf(atom)[0]?.sign ?? 1;
    const about = element("p", {
      class: "lead"
    }, logitsInWords(unembedding));
    const lists = (sign) => endLists(logits, atom, sign);
    if (sides === 1) return [
      section("Logits", about, lists(1))
    ];
    const name = (sign) => sign > 0 ? "positive" : "negative";
    const other = stronger > 0 ? -1 : 1;
    return [
      section(`Logits, with a ${name(stronger)} value`, about, lists(stronger)),
      element("details", {
        class: "spread"
      }, element("summary", {}, `With a ${name(other)} value`), lists(other))
    ];
  }
  function endLists(logits, atom, sign) {
    const high = endOf(logits, "promoted", atom, sign);
    const low = endOf(logits, "suppressed", atom, sign);
    const [promoted, suppressed] = sign > 0 ? [
      high,
      low
    ] : [
      low,
      high
    ];
    const most = Math.max(...[
      ...promoted,
      ...suppressed
    ].map(({ logit }) => Math.abs(logit))) || 1;
    const list = (title, tokens) => element("div", {}, element("h4", {}, title), element("ol", {
      class: "rows"
    }, tokens.map((one) => tokenRow(one, most))));
    return element("div", {
      class: "ends"
    }, list("Promotes", promoted), list("Suppresses", suppressed));
  }
  function endOf(logits, end, atom, sign) {
    const { count, texts } = logits;
    const tokens = logits[end];
    const values = logits[`${end}Logits`];
    const found = [];
    for (let slot = atom * count; slot < (atom + 1) * count; slot++) {
      if (tokens[slot] === EMPTY3) break;
      found.push({
        text: texts[tokens[slot]],
        logit: sign * values[slot]
      });
    }
    return found;
  }
  function tokenRow({ text, logit }, most) {
    return element("li", {}, element("bdi", {
      class: "token"
    }, text.replaceAll("\n", "\u23CE")), element("span", {
      class: "row-figures"
    }, bar(Math.abs(logit) / most, logit), element("span", {
      class: "value"
    }, figure(logit))));
  }

  // src/report/client/picture.ts
  var WIDTH = 360;
  var HEIGHT = 150;
  var EDGE = {
    left: 38,
    right: 8,
    top: 8,
    bottom: 36
  };
  function histogramPicture(counts, limit) {
    const filled = [
      ...counts.keys()
    ].filter((bin) => counts[bin] > 0);
    const first = filled[0];
    const end = filled[filled.length - 1] + 1;
    const step = 2 * limit / counts.length;
    const most = Math.max(...counts);
    const x = (bin) => EDGE.left + (bin - first) / (end - first) * (WIDTH - EDGE.left - EDGE.right);
    const y = (rows) => EDGE.top + (1 - rows / most) * (HEIGHT - EDGE.top - EDGE.bottom);
    const low = first * step - limit;
    const high = end * step - limit;
    return element("svg", {
      class: "histogram",
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      role: "img",
      "aria-label": `Values from ${figure(low)} to ${figure(high)}; at most ${unbrokenCount(most)} rows in a bar.`
    }, [
      0,
      most / 2,
      most
    ].filter((rows) => Number.isInteger(rows)).map((rows) => element("g", {}, element("line", {
      class: "grid",
      x1: EDGE.left,
      x2: WIDTH - EDGE.right,
      y1: y(rows),
      y2: y(rows)
    }), words(EDGE.left - 6, y(rows) + 4, "end", unbrokenCount(rows)))), filled.map((bin) => element("rect", {
      class: (bin + 0.5) * step < limit ? "negative" : "positive",
      x: x(bin) + 0.5,
      y: y(counts[bin]),
      width: Math.max(1, x(bin + 1) - x(bin) - 1),
      height: y(0) - y(counts[bin])
    }, element("title", {}, `${figure(bin * step - limit)} to ${figure((bin + 1) * step - limit)}: ${unbrokenCount(counts[bin])} rows`))), words(EDGE.left, HEIGHT - 20, "start", figure(low)), words(WIDTH - EDGE.right, HEIGHT - 20, "end", figure(high)), words((EDGE.left + WIDTH - EDGE.right) / 2, HEIGHT - 4, "middle", "value (units of the rows); height: rows"));
  }
  function words(x, y, anchor, text) {
    return element("text", {
      x,
      y,
      "text-anchor": anchor
    }, text);
  }

  // src/report/client/atom_page.ts
  function atomPage(dictionary, atom, { naming, logits } = {}) {
    const label = dictionary.label(atom);
    const title = dictionary.title(atom);
    return element("article", {
      class: "atom-page"
    }, element("p", {
      class: "kicker"
    }, atomKicker(dictionary, atom)), element("h2", {
      tabindex: "-1"
    }, element("bdi", {}, label ?? (title || `Atom ${atom}`))), naming, atomFigures(dictionary, atom), element("div", {
      class: "columns"
    }, element("div", {}, rowsSections(dictionary, atom)), element("div", {}, ...classesSection(dictionary, atom), logits && logitSections(dictionary, logits, atom), neighboursSection(dictionary, atom), partnersSection(dictionary, atom), histogramSection(dictionary, atom))));
  }
  function atomKicker(dictionary, atom) {
    const group = dictionary.groups.length > 1 ? ` \xB7 group ${dictionary.group(atom) + 1} of ${dictionary.groups.length}` : "";
    const place = dictionary.positions === void 0 ? [] : [
      " \xB7 ",
      element("a", {
        href: `#/map/${atom}`
      }, "show on the map")
    ];
    return [
      `Atom ${atom} of ${unbrokenCount(dictionary.atoms)}${group}`,
      ...place
    ];
  }
  function atomFigures(dictionary, atom) {
    const tiles = [
      [
        "Nearest atom",
        figure(dictionary.coherence[atom]),
        "largest |cosine|"
      ]
    ];
    if (dictionary.rows > 0) {
      const density = share(dictionary.density(atom));
      tiles.unshift([
        "Rows that use it",
        unbrokenCount(dictionary.uses[atom]),
        `${density} of them`
      ], [
        "Mean |value|",
        figure(dictionary.meanActivation[atom]),
        "where used"
      ], [
        "Largest |value|",
        figure(dictionary.maxActivation[atom]),
        "of any row"
      ]);
    }
    return element("dl", {
      class: "tiles"
    }, tiles.map(([name, value, more]) => element("div", {}, element("dt", {}, name), element("dd", {
      class: "value"
    }, value), element("dd", {
      class: "more"
    }, more))));
  }
  function partnersSection(dictionary, atom) {
    return otherAtoms(dictionary, "Fires together with", dictionary.partners(atom).map(({ atom: atom2, share: part2 }) => ({
      ...{
        atom: atom2,
        bar: bar(part2),
        value: share(part2)
      }
    })));
  }
  function classesSection(dictionary, atom) {
    const classes = dictionary.classes?.[atom] ?? [];
    if (classes.length === 0) return [];
    return [
      section("Classes it tells", element("ul", {}, classes.map((one) => element("li", {}, one))))
    ];
  }
  function neighboursSection(dictionary, atom) {
    return otherAtoms(dictionary, "Nearest atoms", dictionary.neighbours(atom).map(({ atom: atom2, cosine }) => ({
      ...{
        atom: atom2,
        bar: bar(Math.abs(cosine), cosine),
        value: figure(cosine, 2)
      }
    })));
  }
  function otherAtoms(dictionary, title, others) {
    if (others.length === 0) return void 0;
    return section(title, element("ul", {
      class: "rows"
    }, others.map(({ atom, bar: bar2, value }) => element("li", {}, atomLink(dictionary, atom), element("span", {
      class: "row-figures"
    }, bar2, element("span", {
      class: "value"
    }, value))))));
  }
  function histogramSection(dictionary, atom) {
    const { histogramBins: bins, histogramCounts, histogramLimits } = dictionary;
    if (histogramCounts === void 0 || histogramLimits === void 0) return;
    if (dictionary.uses[atom] === 0) return;
    return section("Values where it is used", histogramPicture(histogramCounts.subarray(atom * bins, (atom + 1) * bins), histogramLimits[atom]));
  }

  // src/report/client/row_page.ts
  function rowPage(dictionary, codes, place) {
    const parts = rowParts(codes, place);
    const { by, residual } = dictionary;
    const known = !Number.isNaN(residual[place]);
    const explained = known ? Math.max(0, 1 - residual[place]) : 1;
    const nonzeros = unbrokenCount(codes.nonzeros[place]);
    return element("article", {
      class: "row-page"
    }, element("p", {
      class: "kicker"
    }, `Row ${dictionary.numbers[place]}`), element("h2", {
      tabindex: "-1"
    }, element("bdi", {
      class: "whole-text"
    }, dictionary.before?.[place], element("b", {}, rowTitle(dictionary, place)), dictionary.after?.[place])), pictureOf(dictionary, place), element("p", {
      class: "lead"
    }, by === "activation" ? `The ${nonzeros} atoms whose activations are largest in this row.` : known ? `${nonzeros} atoms explain ${share(explained)} of this row's squared distance from the mean.` : `${nonzeros} atoms make up this row.`), by === "activation" ? void 0 : decompositionBar(dictionary, parts, explained), section("Its atoms, strongest first", element("ol", {
      class: "rows"
    }, parts.map((part2) => partRow(dictionary, part2, parts[0])))));
  }
  function rowTitle({ texts, pictures, numbers }, place) {
    const unnamed = pictures === void 0 ? "No text" : `Row ${numbers[place]}`;
    return texts[place] || unnamed;
  }
  function rowParts(codes, place) {
    const parts = [];
    for (let s = 0; s < codes.slots; s++) {
      const value = codes.values[place * codes.slots + s] / 32767 * codes.largest[place];
      if (value === 0) break;
      parts.push({
        atom: codes.indices[place * codes.slots + s],
        value,
        share: value * value / codes.energy[place]
      });
    }
    return parts;
  }
  function decompositionBar(dictionary, parts, explained) {
    const segments = parts.map(({ atom, value, share: part2 }) => withStyle(element("a", {
      href: `#/atom/${atom}`,
      class: value < 0 ? "negative" : "positive",
      title: `${atom}  ${dictionary.title(atom)}`,
      "aria-label": `Atom ${atom}, ${share(part2)}`
    }, part2 * explained > 0.05 ? element("span", {}, String(atom)) : void 0), {
      width: `${part2 * explained * 100}%`,
      "--strength": 0.35 + 0.6 * part2
    }));
    return element("figure", {
      class: "decomposition"
    }, element("div", {
      class: "segments"
    }, segments), element("figcaption", {}, "The whole bar is the row; what is explained is shared out by squared value. ", element("span", {
      class: "key positive"
    }, "positive"), " ", element("span", {
      class: "key negative"
    }, "negative"), " ", element("span", {
      class: "key rest"
    }, "unexplained")));
  }
  function partRow(dictionary, { atom, value, share: part2 }, first) {
    return element("li", {}, atomLink(dictionary, atom), element("span", {
      class: "row-figures"
    }, bar(Math.abs(value / first.value), value), element("span", {
      class: "value"
    }, figure(value)), dictionary.by === "activation" ? void 0 : element("span", {
      class: "value"
    }, share(part2))));
  }

  // src/report/client/finder.ts
  var WORD = 1;
  var PART = 0.25;
  var WORD_AROUND = 0.5;
  var PART_AROUND = 0.1;
  var LABEL = 16;
  var LABEL_WORD = 8;
  var LABEL_PART = 4;
  function createFinder(searchable) {
    const own = indexOf(searchable.texts);
    const around = searchable.before === void 0 ? void 0 : indexOf(searchable.texts.map((_, place) => `${searchable.before?.[place] ?? ""}${searchable.after?.[place] ?? ""}`));
    function scoresOf(term) {
      const worth = own.worthOf(term, WORD, PART);
      const further = around?.worthOf(term, WORD_AROUND, PART_AROUND);
      further?.forEach((value, place) => {
        if (value > worth[place]) worth[place] = value;
      });
      const scores = new Float32Array(searchable.atoms);
      for (let atom = 0; atom < searchable.atoms; atom++) {
        scores[atom] = labelScore(searchable.label(atom), atom, term) + textScore(searchable.topRows(atom), worth);
      }
      return scores;
    }
    return function find(query) {
      const terms = query.toLowerCase().split(/\s+/).filter((term) => term);
      if (terms.length === 0) return void 0;
      const scores = scoresOf(terms[0]);
      for (const term of terms.slice(1)) {
        const more = scoresOf(term);
        for (let atom = 0; atom < scores.length; atom++) {
          scores[atom] = more[atom] === 0 || scores[atom] === 0 ? 0 : scores[atom] + more[atom];
        }
      }
      return scores;
    };
  }
  function labelScore(label, atom, term) {
    if (term === `#${atom}`) return LABEL;
    const lower = label?.toLowerCase();
    if (lower === void 0 || !lower.includes(term)) return 0;
    if (lower === term) return LABEL;
    return hasWord(lower, term) ? LABEL_WORD : LABEL_PART;
  }
  function textScore(rows, worth) {
    let weight = 0;
    let matched = 0;
    let whole = false;
    for (const { place, value } of rows) {
      const size = Math.abs(value);
      weight += size;
      matched += size * worth[place];
      whole ||= worth[place] === WORD;
    }
    return matched === 0 ? 0 : matched / weight + (whole ? 1 : 0);
  }
  function indexOf(texts) {
    const starts = new Uint32Array(texts.length + 1);
    const lowered = texts.map((text, place) => {
      const lower = text.toLowerCase();
      starts[place + 1] = starts[place] + lower.length + 1;
      return lower;
    });
    const all = lowered.join("\n");
    return {
      /** What each text's match of a term is worth. */
      worthOf(term, word, part2) {
        const found = new Float32Array(texts.length);
        let place = 0;
        for (let at = all.indexOf(term); at !== -1; ) {
          place = placeAt(starts, at, place);
          const whole = isWord(all, at, term.length);
          found[place] = Math.max(found[place], whole ? word : part2);
          at = all.indexOf(term, whole ? starts[place + 1] : at + 1);
        }
        return found;
      }
    };
  }
  function hasWord(text, term) {
    for (let at = text.indexOf(term); at !== -1; at = text.indexOf(term, at + 1)) {
      if (isWord(text, at, term.length)) return true;
    }
    return false;
  }
  var LETTER = /[\p{L}\p{N}]/u;
  function isWord(text, at, length) {
    return !LETTER.test(text.charAt(at - 1)) && !LETTER.test(text.charAt(at + length));
  }
  function placeAt(starts, at, from) {
    let low = from;
    let high = starts.length - 1;
    while (high - low > 1) {
      const middle = low + high >> 1;
      if (starts[middle] <= at) low = middle;
      else high = middle;
    }
    return low;
  }

  // src/report/client/unpack.ts
  var ARRAY_TYPES = {
    Int8Array,
    Uint8Array,
    Int16Array,
    Uint16Array,
    Uint32Array,
    Float32Array,
    Float64Array
  };
  async function unpackPart(text) {
    const packed = fromBase64(text);
    const stream = new Blob([
      packed
    ]).stream().pipeThrough(new DecompressionStream("gzip"));
    const buffer = await new Response(stream).arrayBuffer();
    const headerLength = new DataView(buffer).getUint32(0, true);
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, headerLength)));
    const start = Math.ceil((4 + headerLength) / 8) * 8;
    const part2 = {
      ...header.values
    };
    for (const [name, place] of Object.entries(header.arrays)) {
      const [type, offset, length] = place;
      part2[name] = new ARRAY_TYPES[type](buffer, start + offset, length);
    }
    return part2;
  }
  function fromBase64(text) {
    if (typeof Uint8Array.fromBase64 === "function") {
      return Uint8Array.fromBase64(text);
    }
    const binary = atob(text);
    const bytes = new Uint8Array(binary.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
    return bytes;
  }

  // src/report/client/main.ts
  async function startBrowser() {
    const [atoms, rows] = await Promise.all([
      part("atoms"),
      part("rows")
    ]);
    const pictures = picturesIn(rows, atoms.pictureSize, () => part("pictures"));
    const dictionary = createDictionary(atoms, rows, pictures);
    document.body.classList.toggle("with-pictures", pictures !== void 0);
    const view = byId("view");
    const status = byId("status");
    const open = (atom) => void (location.hash = `#/atom/${atom}`);
    const list = createList(dictionary, byId("list"), open);
    const map = createMap(dictionary, open);
    const editor = createLabelEditor(dictionary, () => {
      list.redraw();
      find = void 0;
      show();
    });
    const home = homePage(dictionary, map, editor?.importer());
    let find;
    const choose = (filter, submitted = false) => {
      find ??= createFinder(dictionary);
      const chosen = selectAtoms(dictionary, filter, find);
      status.textContent = chosen.length === dictionary.atoms ? `${unbrokenCount(chosen.length)} atoms` : `${unbrokenCount(chosen.length)} of ${unbrokenCount(dictionary.atoms)} atoms`;
      list.show(chosen);
      map?.choose(chosen);
      byId("nothing").hidden = chosen.length > 0;
      if (submitted && chosen.length > 0) open(chosen[0]);
    };
    const filters = createFilters(dictionary, choose);
    byId("filters").append(filters.form);
    choose({
      ...filters.read(),
      query: ""
    });
    let codes;
    let logits;
    const show = async () => {
      const { hash } = location;
      const [, kind, key] = hash.split("/");
      const number = key === void 0 || key === "" ? NaN : Number(key);
      const isAtom = Number.isInteger(number) && number >= 0 && number < dictionary.atoms;
      document.body.dataset.page = kind || "home";
      list.mark(isAtom && (kind === "atom" || kind === "map") ? number : -1);
      if (kind === "atom" && isAtom) {
        if (dictionary.unembedding !== void 0) {
          logits ??= await part("logits");
          if (location.hash !== hash) return;
        }
        const naming = editor?.field(number);
        const page = atomPage(dictionary, number, {
          naming,
          logits
        });
        return turn(view, page, `Atom ${number}`);
      }
      const place = dictionary.placeOfRow(number);
      if (kind === "row" && place !== void 0) {
        codes ??= await part("codes");
        return turn(view, rowPage(dictionary, codes, place), `Row ${number}`);
      }
      if (kind === void 0 || kind === "" || kind === "map") {
        turn(view, home, "Atoms");
        map?.select(kind === "map" && isAtom ? number : -1);
        return;
      }
      turn(view, missingPage(kind, key), "Not found");
    };
    addEventListener("hashchange", show);
    document.addEventListener("keydown", (event) => onKey(event, list, filters, open));
    await show();
    document.body.dataset.ready = "yes";
  }
  function part(name) {
    return unpackPart(byId(`part-${name}`).textContent ?? "");
  }
  function byId(id) {
    const found = document.getElementById(id);
    if (found === null) throw new Error(`The page has no #${id}`);
    return found;
  }
  function turn(view, page, name) {
    const listed2 = document.activeElement?.id === "list" || document.activeElement?.id === "search";
    view.replaceChildren(page);
    view.scrollTop = 0;
    document.title = `${name} \xB7 ${document.body.dataset.name}`;
    if (!listed2 && document.body.dataset.ready === "yes") {
      page.querySelector("h2")?.focus({
        preventScroll: true
      });
    }
  }
  function homePage(dictionary, map, importer) {
    const dead = dictionary.uses.reduce((sum, uses) => sum + (uses === 0 ? 1 : 0), 0);
    const { coder, rows } = dictionary;
    const words2 = [
      `${unbrokenCount(dictionary.atoms)} atoms \xD7 ${unbrokenCount(dictionary.width)} dimensions`,
      dictionary.by === "code" ? `codes: ${coder}` : coder,
      rows === 0 ? "no rows inspected" : `${unbrokenCount(rows)} rows inspected`,
      ...rows === 0 ? [] : [
        `${unbrokenCount(dead)} never used`
      ]
    ];
    return element("article", {
      class: "home"
    }, element("div", {
      class: "home-head"
    }, element("h2", {
      tabindex: "-1"
    }, "Map of the atoms"), element("p", {}, words2.join(" \xB7 "))), map?.frame ?? element("p", {
      class: "empty"
    }, "This page was made without a map. Choose an atom from the list."), element("p", {
      class: "hints"
    }, "Atoms with near directions lie together. Keys: ", element("kbd", {}, "/"), " search, ", element("kbd", {}, "j"), " ", element("kbd", {}, "k"), " next and previous atom, ", element("kbd", {}, "m"), " map."), importer);
  }
  function missingPage(kind, key) {
    return element("article", {}, element("h2", {
      tabindex: "-1"
    }, "Nothing here"), element("p", {
      class: "lead"
    }, kind === "row" ? `Row ${key} is not among the rows kept: only those that some atom uses most are.` : "There is no such atom or page."), element("p", {}, element("a", {
      href: "#/"
    }, "To the map")));
  }
  function onKey(event, list, filters, open) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = /^(input|select|textarea)$/i.test(event.target.tagName);
    if (event.key === "Escape" && event.target === filters.search) {
      filters.search.value = "";
      filters.search.dispatchEvent(new Event("input", {
        bubbles: true
      }));
      byId("list").focus();
      return;
    }
    if (event.key === "ArrowDown" && event.target === filters.search) {
      byId("list").focus();
      event.preventDefault();
      return;
    }
    if (typing) return;
    if (event.key === "/") {
      filters.search.focus();
      filters.search.select();
    } else if (event.key === "j" || event.key === "k") {
      const atom = list.beside(event.key === "j" ? 1 : -1);
      if (atom !== void 0) open(atom);
    } else if (event.key === "m") location.hash = "#/";
    else return;
    event.preventDefault();
  }

  // src/report/client/start.ts
  startBrowser();
})();
