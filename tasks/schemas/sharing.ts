// What share prints.
import type { Shared, SharePlan } from "../../src/sharing/share.ts";
import {
  count,
  type Document,
  flag,
  list,
  object,
  optional,
  text,
} from "./fields.ts";
import { model } from "./shared.ts";

type ShareDocument =
  & { model: string; sent: boolean }
  & SharePlan
  & Partial<Omit<Shared, keyof SharePlan>>;

/** The document of `share`. */
export const SHARING: readonly Document[] = [{
  name: "share",
  title: "dbksvd share --json",
  field: object<ShareDocument>({
    model,
    sent: flag("Whether it was sent: with --yes."),
    url: text("The repository's page."),
    public: flag("Whether others may see it."),
    files: list(
      "What is in the repository.",
      object<SharePlan["files"][number]>({
        path: text("Its path there."),
        bytes: count("Its size."),
      }),
    ),
    card: text("The model card, README.md."),
    commitUrl: optional(text("The commit's page, once it was sent.")),
    created: optional(flag("Whether the repository was made just now.")),
    sentBytes: optional(
      count("Bytes sent to the hub's storage; what it had is not sent again."),
    ),
    removed: optional(
      list("Files of another dictionary, taken away.", text("The path.")),
    ),
  }),
}];
