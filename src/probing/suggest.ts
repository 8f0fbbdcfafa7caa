import type { AtomLabel, Labels } from "../labels/label.ts";
import { entryOf } from "../labels/label.ts";
import type { LatentClass } from "../metrics/probe_result.ts";

/** A name is suggested from these on. */
const LEAST_F1 = 0.5;
const LEAST_PRECISION = 0.6;

/** A suggested name with what speaks for it: `labels.suggested.json` holds them by atom. */
export interface SuggestedLabel {
  /** The class. */
  label: string;
  /** The column that it is a class of. */
  column: string;
  /** Of the atom's codes. */
  sign: "+" | "-";
  f1: number;
  precision: number;
  recall: number;
}

/**
 * Names for atoms that tell a class: F1 at least 0.5 and precision at least 0.6 on rows of the test. An atom whose
 * codes of one sign tell several classes gets the one of the largest F1.
 *
 * @param fits how atoms tell classes (see `ProbeResult.atoms`)
 */
export function suggestLabels(
  fits: readonly LatentClass[],
): Record<string, SuggestedLabel[]> {
  const suggested = new Map<string, SuggestedLabel>();
  for (const { atom, sign, label, precision, recall, f1, ...fit } of fits) {
    if (f1 < LEAST_F1 || precision < LEAST_PRECISION) continue;
    const key = `${atom}${sign}`, held = suggested.get(key);
    if (held !== undefined && held.f1 >= f1) continue;
    const name = fit.class;
    suggested.set(key, {
      ...{ label: name, column: label, sign },
      ...{ f1, precision, recall },
    });
  }
  const byAtom: Record<string, SuggestedLabel[]> = {};
  for (const [key, label] of suggested) {
    (byAtom[key.slice(0, -1)] ??= []).push(label);
  }
  return byAtom;
}

/** Suggested names as labels that probing gave. */
export function labelsFrom(
  suggested: Readonly<Record<string, readonly SuggestedLabel[]>>,
): Labels {
  return Object.fromEntries(
    Object.entries(suggested).map(([atom, labels]) => [
      atom,
      entryOf(labels.map(({ label, sign, f1 }): AtomLabel => ({
        label,
        source: "probe",
        sign,
        score: f1,
      }))),
    ]),
  );
}
