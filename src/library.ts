// Loaded by whoever uses the library: it has options, and no command line with flags.
import { asOptions, nameOptions } from "./errors.ts";

nameOptions(asOptions);
