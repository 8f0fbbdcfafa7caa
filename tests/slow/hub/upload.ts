// Uploads a folder by the hub's own library: deno run -c tests/slow/hub/deno.json -A tests/slow/hub/upload.ts REPO
// FOLDER FILE…; HF_ENDPOINT and HF_TOKEN say where.
import { join } from "node:path";

// Only this program's own configuration knows the package (7.6 MB), so that nothing else fetches it.
const library: string = "@huggingface/hub";
const { createRepo, uploadFiles } = await import(library);

const [name, folder, ...paths] = Deno.args;
const asked = {
  repo: { type: "model", name },
  accessToken: Deno.env.get("HF_TOKEN")!,
  hubUrl: Deno.env.get("HF_ENDPOINT")!,
};
await createRepo({ ...asked, visibility: "private" });
await uploadFiles({
  ...asked,
  commitTitle: "Upload with dbksvd share",
  files: await Promise.all(paths.map(async (path) => ({
    path,
    content: new Blob([await Deno.readFile(join(folder, path))]),
  }))),
});
