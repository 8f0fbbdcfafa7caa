import { coderInWords, mostNonzeros } from "../model/coder.ts";
import type { DictionaryModel, ModelConfig } from "../model/model.ts";
import { DEFAULT_TRAIN_OPTIONS } from "../options/train_options.ts";
import { count, counted, figure, valueWord } from "../text.ts";
import { TOOL_VERSION } from "../version.ts";

/** What stands in a card that this tool wrote: without it, a README.md is somebody's own. */
export const CARD_MARK =
  "<!-- Written by dbksvd share, which writes it anew unless this line is gone. -->";

/** What a card says beside what the model's record does. */
export interface CardFacts {
  /** The language or vision model whose activations it takes apart, as the hub names it. */
  baseModel?: string | undefined;
  /** Data sets of the hub that its rows came from. */
  datasets?: readonly string[] | undefined;
  /** The licence, as the hub names it: `mit`, `cc-by-4.0`, … */
  license?: string | undefined;
  /** Further tags. */
  tags?: readonly string[] | undefined;
}

/** What a repository holds, as far as its card tells of it. */
export interface CardContents extends CardFacts {
  /** The repository, as USER/NAME. */
  repository: string;
  model: DictionaryModel;
  /** The record as it is shared. */
  config: ModelConfig;
  /** Folders with exports, and their formats. */
  exports: readonly { folder: string; format: string }[];
  /** Pages to look at. */
  pages: readonly string[];
}

const TAGS = [
  "dictionary-learning",
  "sparse-autoencoder",
  "interpretability",
  "dbksvd",
];

/** The figures that a card gives, with their names. */
const FIGURES: readonly [string, string][] = [
  ["fvu", "FVU (variance left unexplained)"],
  ["explained_variance", "Explained variance"],
  ["cosine_similarity", "Mean cosine of row and reconstruction"],
  ["l0", "Nonzeros a row (L0)"],
  ["dead_atoms", "Atoms that none of these rows uses"],
];

/**
 * A model card: front matter as the hub reads it, what the dictionary is, its figures, and how it is used.
 *
 * @param contents what is shared
 * @returns the text of `README.md`
 */
export function modelCard(contents: CardContents): string {
  const { repository, model, config, pages } = contents;
  const name = repository.split("/")[1];
  return [
    frontMatter(contents),
    CARD_MARK,
    `# ${name}`,
    `A sparse dictionary of ${count(model.atoms)} atoms for rows of ${
      count(model.width)
    } dimensions${
      contents.baseModel === undefined ? "" : ` of \`${contents.baseModel}\``
    }, learned by DB-KSVD: every row is its mean plus a combination of at most ${
      counted(mostNonzeros(model.coder), "atom")
    } (${coderInWords(model)}).`,
    figuresTable(config),
    usage(contents),
    ...pages.length === 0 ? [] : [
      `## To look at\n\n${
        pages.map((page) => `- [\`${page}\`](${page})`).join("\n")
      }`,
    ],
    training(config),
    `Written by dbksvd ${TOOL_VERSION}.`,
  ].join("\n\n") + "\n";
}

function frontMatter(
  { baseModel, datasets = [], license, tags = [], exports }: CardContents,
): string {
  const saelens = exports.some(({ format }) => format.startsWith("saelens"));
  const all = [...new Set([...TAGS, ...saelens ? ["saelens"] : [], ...tags])];
  const list = (name: string, values: readonly string[]) =>
    values.length === 0
      ? []
      : [`${name}:`, ...values.map((value) => `- ${JSON.stringify(value)}`)];
  return [
    "---",
    `library_name: ${saelens ? "saelens" : "dbksvd"}`,
    ...license === undefined ? [] : [`license: ${JSON.stringify(license)}`],
    ...baseModel === undefined
      ? []
      : [`base_model: ${JSON.stringify(baseModel)}`],
    ...list("datasets", datasets),
    ...list("tags", all),
    "---",
  ].join("\n");
}

function figuresTable({ heldOut, training, rows }: ModelConfig): string {
  if (heldOut === undefined) return "No rows were held out to measure it on.";
  const lines = FIGURES.filter(([name]) => typeof heldOut[name] === "number")
    .map(([name, words]) =>
      `| ${words} | ${figure(heldOut[name])} | ${figure(training?.[name])} |`
    );
  return [
    `Measured on ${
      counted(rows.heldOut, "row")
    } that training never saw, and on as many that it did:`,
    "",
    "| | held out | trained on |",
    "| --- | ---: | ---: |",
    ...lines,
  ].join("\n");
}

function usage({ repository, exports, model }: CardContents): string {
  const parts = [
    "## Use",
    "`dictionary.safetensors` holds `dictionary` [atoms, dimensions] with atoms of length 1, `mean` [dimensions] and" +
    " `usage` [atoms]; its metadata and `config.json` say how rows are coded. With dbksvd, codes by the dictionary's" +
    " own pursuit:",
    [
      "```sh",
      `hf download ${repository} --local-dir model`,
      "./dbksvd encode model rows.parquet --out codes.parquet",
      "```",
    ].join("\n"),
    "In PyTorch:",
    [
      "```python",
      "from huggingface_hub import hf_hub_download",
      "from safetensors.torch import load_file",
      `model = load_file(hf_hub_download("${repository}", "dictionary.safetensors"))`,
      'correlations = (rows - model["mean"]) @ model["dictionary"].T',
      "```",
    ].join("\n"),
  ];
  const saelens = exports.find(({ format }) => format.startsWith("saelens"));
  if (saelens !== undefined) {
    parts.push(
      "In SAELens:",
      [
        "```python",
        "from sae_lens import SAE",
        `sae = SAE.from_pretrained("${repository}", "${saelens.folder}")`,
        "```",
      ].join("\n"),
    );
  }
  const others = exports.filter((one) => one !== saelens);
  if (others.length > 0) {
    parts.push(
      others.map(({ folder, format }) => `- \`${folder}\`: ${format}`)
        .join("\n"),
    );
  }
  const named = Object.keys(model.labels ?? {}).length;
  if (named > 0) {
    parts.push(
      `\`labels.json\` names ${counted(named, "atom")}, by its index.`,
    );
  }
  return parts.join("\n\n");
}

function training(
  { parameters, rows, seconds, device, reading }: ModelConfig,
): string {
  const standard = DEFAULT_TRAIN_OPTIONS as unknown as Record<string, unknown>;
  const notable = Object.entries(parameters).filter(([name, value]) =>
    ["atoms", "sparsity", "seed"].includes(name) ||
    JSON.stringify(value) !== JSON.stringify(standard[name])
  );
  return [
    "## Training",
    ...reading?.unitNorm === true
      ? ["Rows were scaled to length 1: scale yours, before anything else."]
      : [],
    `On ${counted(rows.training, "row")}${
      seconds === undefined ? "" : `, in ${Math.ceil(seconds)} s`
    }, by the ${device.kind.toUpperCase()} engine; parameters beside the defaults:`,
    notable.map(([name, value]) => `- ${name}: \`${valueWord(value)}\``)
      .join("\n"),
  ].join("\n\n");
}
