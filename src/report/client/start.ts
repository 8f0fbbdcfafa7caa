import { startBrowser } from "./main.ts";

// The bundle's entry: what the page's one script does.
startBrowser();
