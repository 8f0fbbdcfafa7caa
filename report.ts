/**
 * Reports and the atom browser, as HTML.
 *
 * @module
 */
import "./src/library.ts";
export { renderBrowser } from "./src/report/browser.ts";
export { serveBrowser, type ServeOptions } from "./src/report/serve.ts";
export type { LabelStore } from "./src/report/serve_labels.ts";
export { refreshReport, trainingReport } from "./src/use/report.ts";
export type {
  ActivationHistograms,
  AtomLogits,
  AtomTable,
  BrowserData,
  FiringTogether,
  LatentRows,
  NearestAtoms,
  PictureFile,
  PictureTable,
  SampleTable,
  TokenLogits,
} from "./src/report/data.ts";
