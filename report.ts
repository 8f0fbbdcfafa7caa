/**
 * Reports and the atom browser, as HTML.
 *
 * @module
 */
export { renderBrowser } from "./src/report/browser.ts";
export { serveBrowser, type ServeOptions } from "./src/report/serve.ts";
export { refreshReport, trainingReport } from "./src/use/report.ts";
export type {
  ActivationHistograms,
  AtomTable,
  BrowserData,
  NearestAtoms,
  SampleTable,
  TopRows,
} from "./src/report/data.ts";
