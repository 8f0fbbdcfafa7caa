import { testDependent } from "../../gpu/dependent.ts";

testDependent((way) => way !== "verified, pruned");
