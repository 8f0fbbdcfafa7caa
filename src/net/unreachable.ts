import { DbksvdError } from "../errors.ts";

/** What is asked for may be there, but cannot be had now: no answer, 401, 403, 408, 429, 5xx. Trying later may help. */
export class Unreachable extends DbksvdError {
  /**
   * An error of kind `run`.
   *
   * @param what what happened, capitalised, no final period
   * @param file the address, without credentials
   * @param mend what to do about it
   */
  constructor(what: string, file: string, mend: string, cause?: unknown) {
    super("run", what, { where: { file }, mend, cause });
  }
}
