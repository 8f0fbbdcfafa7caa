// Gives texts to Tint, the compiler of Chrome and Dawn, and prints what it refuses: deno run -c tests/slow/deno.json -A
// tests/slow/wgsl/tint.ts FOLDER. Dawn's null backend compiles and validates without any driver.
import { join } from "node:path";
import { standardText } from "../../../src/gpu/standard.ts";

/** What came of the texts in a folder. */
export interface TintReport {
  texts: number;
  refused: { name: string; message: string }[];
}

// Only this program's own configuration knows the package (132 MB), so that nothing else fetches it.
const dawn: string = "webgpu";
const { create } = await import(dawn);
const gpu: GPU = create([
  "backend=null",
  "enable-dawn-features=allow_unsafe_apis",
]);
const adapter = await gpu.requestAdapter();
const device = await adapter!.requestDevice({
  requiredFeatures: ["subgroups" as GPUFeatureName],
});

const [folder] = Deno.args;
const report: TintReport = { texts: 0, refused: [] };
for (const { name } of Deno.readDirSync(folder)) {
  const code = standardText(Deno.readTextFileSync(join(folder, name)));
  device.pushErrorScope("validation");
  const { messages } = await device.createShaderModule({ code })
    .getCompilationInfo();
  const error = await device.popErrorScope();
  const found = messages.find(({ type }) => type === "error");
  report.texts++;
  if (found !== undefined || error !== null) {
    const message = found === undefined
      ? error!.message
      : `${found.message} (line ${found.lineNum})`;
    report.refused.push({ name, message });
  }
}
console.log(JSON.stringify(report));
Deno.exit(0); // Dawn's threads would keep the process.
