import { DbksvdError } from "../errors.ts";
import { type Labels, labelsIn } from "../labels/label.ts";
import type { DictionaryModel } from "../model/model.ts";
import { FEWEST_USES, type Latent, textsSent } from "./examples.ts";
import type { Gathered } from "./gather.ts";
import { requestsFor } from "./score.ts";

/** Which atoms are to be named. */
export interface Wanted {
  /** The most used ones, so many. */
  atoms: number;
  /** These, in place of the most used: both signs where none is given. */
  list?: readonly { atom: number; sign?: "+" | "-" }[] | undefined;
  /** Those too that have a name, if none by hand. */
  renew?: boolean | undefined;
}

/** What is going to be asked. */
export interface NamePlan {
  /** What is to be named, in order. */
  latents: Latent[];
  /** Atoms' sides that are left alone, by reason. */
  leftAlone: {
    /** They have a name that a person gave. */
    named: number;
    /** They have another name. */
    namedOtherwise: number;
    /** Fewer rows use them than a name can be found from. */
    tooFewRows: number;
  };
  /** Texts that are going to be sent, at most: each as often as it is sent. */
  texts: number;
  /** Requests that take them, at most, where every one is answered. */
  requests: number;
}

/**
 * Reads a list of atoms: `17,40-` is both sides of atom 17 and the negative one of atom 40.
 *
 * @throws {DbksvdError} `usage` where it is none
 */
export function parseAtoms(
  text: string,
): { atom: number; sign?: "+" | "-" }[] {
  return text.split(",").map((part) => {
    const found = /^\s*(\d+)([+-]?)\s*$/.exec(part);
    if (found === null) {
      throw new DbksvdError("usage", `"${part}" is no atom`, {
        mend: "write 17, or 17+ for one sign; several with commas: 17,40-",
      });
    }
    const [, atom, sign] = found;
    const one = { atom: Number(atom) };
    return sign === "" ? one : { ...one, sign: sign as "+" | "-" };
  });
}

/**
 * Decides which latents are going to be named.
 *
 * @param model whose
 * @param gathered how rows use them
 * @param wanted what was asked for
 * @param scores kinds of scores that names get: one by text, two by token
 * @throws {DbksvdError} `usage` where there is no such atom
 */
export function planNames(
  { atoms, labels = {} }: Pick<DictionaryModel, "atoms" | "labels">,
  gathered: Gathered,
  wanted: Wanted,
  scores: 1 | 2,
): NamePlan {
  const plan: NamePlan = {
    latents: [],
    leftAlone: { named: 0, namedOtherwise: 0, tooFewRows: 0 },
    texts: 0,
    requests: 0,
  };
  const seen = new Set<number>();
  for (const latent of latentsOf(atoms, gathered, wanted)) {
    if (seen.has(latent.latent)) continue;
    seen.add(latent.latent);
    const reason = reasonAgainst(latent, labels, wanted.renew);
    if (reason !== undefined) plan.leftAlone[reason]++;
    else plan.latents.push(latent);
  }
  for (const latent of plan.latents) {
    const { shown, scored } = textsSent(latent);
    plan.texts += shown + scores * scored;
    plan.requests += requestsOf(latent, scores);
  }
  return plan;
}

/** Requests that naming a latent takes, at most, where every one is answered. */
export function requestsOf(latent: Latent, scores: 1 | 2): number {
  return 1 + scores * requestsFor(textsSent(latent).scored);
}

function latentsOf(
  atoms: number,
  { sides, uses }: Gathered,
  { atoms: most, list }: Wanted,
): Latent[] {
  const usesOf = (atom: number) =>
    uses[atom * sides] + (sides === 2 ? uses[atom * 2 + 1] : 0);
  const chosen = list ??
    Array.from({ length: atoms }, (_, atom) => ({ atom, sign: undefined }))
      .sort((a, b) => usesOf(b.atom) - usesOf(a.atom) || a.atom - b.atom)
      .slice(0, most);
  return chosen.flatMap(({ atom, sign }) => {
    if (atom >= atoms) {
      throw new DbksvdError("usage", `There is no atom ${atom}`, {
        mend: `atoms are 0 to ${atoms - 1}`,
      });
    }
    if (sides === 1) {
      if (sign !== "-") return [{ latent: atom, atom, uses: uses[atom] }];
      throw new DbksvdError("usage", `Atom ${atom} has no negative side`, {
        mend: `codes of this model have no signs: write ${atom}`,
      });
    }
    return (["+", "-"] as const).filter((one) => (sign ?? one) === one)
      .map((one) => {
        const latent = 2 * atom + (one === "-" ? 1 : 0);
        return { latent, atom, sign: one, uses: uses[latent] };
      });
  });
}

function reasonAgainst(
  { atom, sign, uses }: Latent,
  labels: Labels,
  renew = false,
): keyof NamePlan["leftAlone"] | undefined {
  const entry = labels[atom];
  const names = entry === undefined
    ? []
    : labelsIn(entry).filter((one) =>
      one.sign === undefined || sign === undefined || one.sign === sign
    );
  if (names.some(({ source }) => source === "hand")) return "named";
  if (names.length > 0 && !renew) return "namedOtherwise";
  return uses < FEWEST_USES ? "tooFewRows" : undefined;
}
