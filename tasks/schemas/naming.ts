// What the naming of atoms by a language model prints.
import type {
  AskedDocument,
  NamedDocument,
  PlannedDocument,
} from "../../src/cli/naming_document.ts";
import type { LatentPlace } from "../../src/explaining/examples.ts";
import type { NamePlan } from "../../src/explaining/plan.ts";
import type { NameScore } from "../../src/explaining/score.ts";
import type { Labels } from "../../src/labels/label.ts";
import {
  count,
  define,
  described,
  type Document,
  either,
  type Fields,
  list,
  number,
  object,
  optional,
  sign,
  text,
  words,
} from "./fields.ts";
import { labels } from "./labels.ts";
import { by, model, ofRows } from "./shared.ts";

const leftAlone = object<NamePlan["leftAlone"]>({
  named: count("Named by hand."),
  namedOtherwise: count("Named by something else, without --renew."),
  tooFewRows: count("Used by too few rows."),
}, "Sides of atoms that are not asked for.");

const ABOUT: Fields<AskedDocument> = {
  model,
  host: text("The host that texts go to."),
  explainModel: text("The language model."),
  prompt: text("The version of the prompts."),
  by,
};

const place: Fields<LatentPlace> = {
  atom: count("The atom."),
  sign: optional(sign("Of its codes, where these have signs.")),
};

const score = define(
  "score",
  object<NameScore>({
    balancedAccuracy: number("Mean of the two shares that were judged right."),
    active: count("Texts with a verdict that the side is active in."),
    activeRight: count("Of these, judged right."),
    inactive: count("Texts with a verdict that it is not active in."),
    inactiveRight: count("Of these, judged right."),
  }),
);

const sent = (is: boolean) => words("Whether anything was sent.", [is]);

const label = either(
  object<{ model: string; labels: Labels }>(
    { model, labels },
    "Without --explain.",
  ),
  ofRows<PlannedDocument>({
    ...ABOUT,
    sent: sent(false),
    planned: object<PlannedDocument["planned"]>({
      latents: count("Sides of atoms that would be named."),
      leftAlone,
      texts: count("Texts that would be sent, at most."),
      requests: count("Requests that would be made, at most."),
    }, "What would be done."),
  }, "Without --yes, or where there is nothing to name."),
  ofRows<NamedDocument>({
    ...ABOUT,
    sent: sent(true),
    names: list(
      "The names, the most used atoms first, or as --atom has them.",
      object<NamedDocument["names"][number]>({
        ...place,
        label: text("The name."),
        uses: count("Rows that use this side of the atom."),
        shown: count("Texts that the name was found from."),
        detection: optional(described("Of texts with what it says.", score)),
        fuzzing: optional(described("Of the tokens that are meant.", score)),
      }),
    ),
    tooFewTexts: list("Too few different texts.", object(place)),
    noAnswer: list("No answer held a name.", object(place)),
    left: count("Not come to: the requests were spent."),
    leftAlone,
    requests: count("Requests made."),
    texts: count("Texts sent, each as often as it was."),
    tokens: object<NamedDocument["tokens"]>({
      prompt: count("Of the requests."),
      completion: count("Of the answers."),
    }, "Tokens, as the server counted them."),
    cut: count("Answers cut off at --max-tokens."),
  }, "What came of it."),
);

/** What `label` prints. */
export const NAMING: readonly Document[] = [
  { name: "label", title: "dbksvd label --json", field: label },
];
