/** Why a row's picture is not shown. */
export type BrokenReason =
  | "empty"
  | "missing"
  | "outside"
  | "notPicture"
  | "tooLarge"
  | "unreachable";

/** The reasons in words. */
export const BROKEN: Readonly<Record<BrokenReason, string>> = {
  empty: "the column has nothing there",
  missing: "there is no such file, or it cannot be read",
  outside: "it lies outside of the inputs' folder",
  notPicture: "it is no JPEG, PNG, WebP, GIF or BMP",
  tooLarge: "it is larger than pictures are",
  unreachable: "the server does not give it",
};

/** A picture that cannot be shown. */
export class Broken extends Error {
  constructor(readonly reason: BrokenReason) {
    super(BROKEN[reason]);
  }
}
