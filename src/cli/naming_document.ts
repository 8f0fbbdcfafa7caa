import type { LatentPlace } from "../explaining/examples.ts";
import type { NamedLatent, Naming } from "../explaining/explain.ts";
import type { NamePlan } from "../explaining/plan.ts";
import type { AtomReading } from "../model/atom_reading.ts";

/** Who is asked for which model, and how. */
export interface AskedDocument {
  /** The model directory. */
  model: string;
  /** The host that texts go to. */
  host: string;
  /** The language model. */
  explainModel: string;
  /** The version of the prompts. */
  prompt: string;
  /** What rows use atoms by. */
  by: AtomReading;
}

/** What would be sent. */
export interface PlannedDocument extends AskedDocument {
  sent: false;
  planned: Omit<NamePlan, "latents"> & { latents: number };
}

/** What was spent on names. */
export interface Spent {
  requests: number;
  /** Texts sent, each as often as it was. */
  texts: number;
  /** As the server counted them. */
  tokens: { prompt: number; completion: number };
  /** Answers cut off at the most tokens. */
  cut: number;
}

/** What came of naming. */
export interface NamedDocument extends AskedDocument, Spent {
  sent: true;
  names: (LatentPlace & Omit<NamedLatent, "latent" | keyof LatentPlace>)[];
  tooFewTexts: LatentPlace[];
  noAnswer: LatentPlace[];
  left: number;
  leftAlone: NamePlan["leftAlone"];
}

/** What would be sent, as JSON. */
export function plannedDocument(
  about: AskedDocument,
  { latents, ...amounts }: NamePlan,
): PlannedDocument {
  return {
    ...about,
    sent: false,
    planned: { latents: latents.length, ...amounts },
  };
}

/** What came of naming, as JSON. */
export function namedDocument(
  about: AskedDocument,
  { names, tooFewTexts, noAnswer, left }: Naming,
  spent: Spent & Pick<NamePlan, "leftAlone">,
): NamedDocument {
  return {
    ...about,
    sent: true,
    names: names.map(({ latent: _, ...name }) => name),
    tooFewTexts: tooFewTexts.map(placeOf),
    noAnswer: noAnswer.map(placeOf),
    left,
    ...spent,
  };
}

function placeOf({ atom, sign }: LatentPlace): LatentPlace {
  return { atom, ...sign && { sign } };
}
