import { testShared } from "../../gpu/shared.ts";

testShared((name) => name !== "lists");
