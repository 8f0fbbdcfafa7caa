// Pictures of rows: their bytes are unpacked once, when the first one is to be seen.
import type {
  Dictionary,
  PackedPictures,
  PackedRows,
  Pictures,
} from "./types.ts";
import { type Child, element } from "./dom.ts";

/** Pictures of the page; `load` unpacks their part. */
export function createPictures(
  offsets: Uint32Array,
  size: number,
  load: () => Promise<PackedPictures>,
): Pictures {
  const addresses = new Map<number, string>();
  let unpacked: Promise<PackedPictures> | undefined;
  const addressOf = ({ bytes }: PackedPictures, place: number) => {
    let address = addresses.get(place);
    if (address === undefined) {
      const own = bytes.slice(offsets[place], offsets[place + 1]);
      const type = own[0] === 0x89 ? "image/png" : "image/jpeg";
      address = URL.createObjectURL(new Blob([own], { type }));
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
    },
  };
}

/** The pictures that the parts of a page hold, if they do. */
export function picturesIn(
  rows: PackedRows,
  size: number | undefined,
  load: () => Promise<PackedPictures>,
): Pictures | undefined {
  const { pictureOffsets } = rows;
  return pictureOffsets === undefined || size === undefined
    ? undefined
    : createPictures(pictureOffsets, size, load);
}

/** A row's picture, or a word where it has none. */
export function pictureOf(
  dictionary: Dictionary,
  place: number,
): HTMLElement | undefined {
  const { pictures } = dictionary;
  if (pictures === undefined) return undefined;
  const text = dictionary.texts[place];
  const name = `row ${dictionary.numbers[place]}`;
  if (!pictures.has(place)) {
    return element("span", { class: "picture none" }, "no picture");
  }
  const image = element("img", {
    class: "picture",
    alt: text === "" ? name : `${text}, ${name}`,
    decoding: "async",
  });
  pictures.show(image, place);
  return image;
}

/** Small pictures of the rows that use an atom most, of its stronger side: what stands for the atom in lists. */
export function pictureStrip(
  dictionary: Dictionary,
  atom: number,
  count: number,
): Child {
  const { pictures } = dictionary;
  if (pictures === undefined) return undefined;
  const rows = dictionary.topRows(atom);
  const shown = rows
    .filter(({ place, value }) =>
      pictures.has(place) && value < 0 === rows[0].value < 0
    )
    .slice(0, count);
  return element(
    "span",
    { class: "strip", "aria-hidden": "true" },
    shown.map(({ place }) => pictureOf(dictionary, place)),
  );
}
