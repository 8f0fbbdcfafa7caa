// The histogram of one atom's values.
import { element } from "./dom.ts";
import { count, figure } from "./words.ts";

const WIDTH = 360;
const HEIGHT = 150;
const EDGE = { left: 38, right: 8, top: 8, bottom: 36 };

/** Bars over [−limit, limit], cut to where there are values. */
export function histogramPicture(
  counts: Uint32Array,
  limit: number,
): SVGElement {
  const filled = [...counts.keys()].filter((bin) => counts[bin] > 0);
  const first = filled[0];
  const end = filled[filled.length - 1] + 1;
  const step = 2 * limit / counts.length;
  const most = Math.max(...counts);
  const x = (bin: number) =>
    EDGE.left + (bin - first) / (end - first) *
      (WIDTH - EDGE.left - EDGE.right);
  const y = (rows: number) =>
    EDGE.top + (1 - rows / most) * (HEIGHT - EDGE.top - EDGE.bottom);
  const low = first * step - limit;
  const high = end * step - limit;
  return element(
    "svg",
    {
      class: "histogram",
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      role: "img",
      "aria-label": `Values from ${figure(low)} to ${figure(high)}; at most ${
        count(most)
      } rows in a bar.`,
    },
    [0, most / 2, most].filter((rows) => Number.isInteger(rows)).map((rows) =>
      element(
        "g",
        {},
        element("line", {
          class: "grid",
          x1: EDGE.left,
          x2: WIDTH - EDGE.right,
          y1: y(rows),
          y2: y(rows),
        }),
        words(EDGE.left - 6, y(rows) + 4, "end", count(rows)),
      )
    ),
    filled.map((bin) =>
      element(
        "rect",
        {
          class: (bin + 0.5) * step < limit ? "negative" : "positive",
          x: x(bin) + 0.5,
          y: y(counts[bin]),
          width: Math.max(1, x(bin + 1) - x(bin) - 1),
          height: y(0) - y(counts[bin]),
        },
        element(
          "title",
          {},
          `${figure(bin * step - limit)} to ${
            figure((bin + 1) * step - limit)
          }: ${count(counts[bin])} rows`,
        ),
      )
    ),
    words(EDGE.left, HEIGHT - 20, "start", figure(low)),
    words(WIDTH - EDGE.right, HEIGHT - 20, "end", figure(high)),
    words(
      (EDGE.left + WIDTH - EDGE.right) / 2,
      HEIGHT - 4,
      "middle",
      "value (units of the rows); height: rows",
    ),
  );
}

function words(x: number, y: number, anchor: string, text: string) {
  return element("text", { x, y, "text-anchor": anchor }, text);
}
