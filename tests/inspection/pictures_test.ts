import {
  Binary,
  Field,
  FixedSizeList,
  Float32,
  Struct,
  Table,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { inspect } from "../../src/inspection/inspect.ts";
import type { InspectOptions } from "../../src/inspection/options.ts";
import { kindOf } from "../../src/inspection/pictures/kind.ts";
import { makeThumbnail } from "../../src/inspection/pictures/thumbnail.ts";
import type { PictureTable } from "../../src/report/data.ts";
import { openRows } from "../../src/rows/open.ts";
import { inDirectory } from "../directories.ts";
import { makeModel } from "../model/models.ts";
import { FaultServer } from "../net/fault_server.ts";
import { S3Server } from "../net/s3_server.ts";
import { CPU } from "../use/helpers.ts";
import {
  drawn,
  DRAWN_WIDTH,
  type OtherColumns,
  pictureFile,
  rowOf,
  writeDrawn,
  writeRows,
} from "./drawn_pictures.ts";

const model = makeModel({ width: DRAWN_WIDTH, atoms: 8 });

/** Looks at rows with pictures. */
async function looked(input: string, options: InspectOptions) {
  const source = await openRows(input, { column: "vector" });
  try {
    const found = await inspect(model, source, { ...CPU, ...options });
    return { ...found, pictures: found.pictures! };
  } finally {
    await source.close();
  }
}

/** Whether each kept row has a picture, by its number. */
function shownRows(
  { pictures: { offsets }, samples: { rows } }: Awaited<
    ReturnType<typeof looked>
  >,
): number[] {
  return Array.from(rows).filter((_, place) =>
    offsets[place + 1] > offsets[place]
  );
}

function pictureAt({ offsets, bytes }: PictureTable, place: number) {
  return bytes.slice(offsets[place], offsets[place + 1]);
}

/** Writes one row for each value of the column `image`. */
async function rowsWith(
  folder: string,
  values: (string | Uint8Array)[],
  columns: OtherColumns = {},
): Promise<string> {
  const file = join(folder, "rows.parquet");
  const vectors = values.map((_, i) => rowOf(drawn(i)));
  await Promise.resolve(
    writeRows(file, vectors, { image: values, ...columns }),
  );
  return file;
}

Deno.test("rows are shown by small pictures of their files, or of the bytes in a column, on any number of threads", async () => {
  await inDirectory(async (folder) => {
    const rows = await writeDrawn(folder, 40);
    const options = { imageSize: 32, topRows: 40 };
    const progress: string[] = [];
    const byPath = await looked(rows, {
      onProgress: ({ rows, total, phase }) =>
        void progress.push(`${phase} ${rows} of ${total}`),
      image: "path",
      ...options,
      threads: 1,
    });
    const byBytes = await looked(rows, {
      ...{ image: "bytes", ...options },
      threads: 3,
    });
    const kept = byPath.samples.rows.length;
    assert.equal(shownRows(byPath).length, kept);
    assert.equal(progress.at(-1), `pictures ${kept} of ${kept}`);
    const { column, files, ...pictures } = byPath.pictures;
    assert.equal(files!.length, kept);
    assert.equal(column, "path");
    assert.deepEqual(byBytes.pictures, { column: "bytes", ...pictures });
    const small = kindOf(pictureAt(byPath.pictures, 3));
    assert.deepEqual([small.width, small.height], [32, 32]);
    // The picture is the row's own: its colours are those that were drawn.
    const own = await makeThumbnail(
      await Deno.readFile(
        join(folder, "drawn", `${byPath.samples.rows[3]}.jpg`),
      ),
      32,
    );
    assert.deepEqual(pictureAt(byPath.pictures, 3), own);
  });
});

Deno.test("pictures are those of the rows that use atoms most, up to a limit", async () => {
  await inDirectory(async (folder) => {
    const rows = await writeDrawn(folder, 60);
    const all = await looked(rows, { image: "path", topRows: 3 });
    const some = await looked(rows, {
      ...{ image: "path", topRows: 3, imageLimit: 3 },
    });
    assert.equal(shownRows(some).length, 3);
    assert.equal(some.pictures.left, all.samples.rows.length - 3);
    const first = new Set(
      [...some.top.samples].filter((_, slot) => slot % 3 === 0),
    );
    const { offsets } = some.pictures;
    some.samples.rows.forEach((_, place) => {
      if (offsets[place + 1] > offsets[place]) assert(first.has(place));
    });
  });
});

Deno.test("files outside of the inputs' folder are not looked at, whatever leads there; what is broken is counted", async () => {
  await inDirectory(async (outer) => {
    const folder = join(outer, "data");
    await Deno.mkdir(folder);
    const file = await pictureFile(drawn(1));
    const secret = join(outer, "secret.jpg");
    await Deno.writeFile(secret, file);
    await Deno.writeFile(join(folder, "fine.jpg"), file);
    await Deno.symlink("fine.jpg", join(folder, "inner.jpg"));
    await Deno.symlink(secret, join(folder, "link.jpg"));
    await Deno.symlink(outer, join(folder, "up"));
    await Deno.writeTextFile(
      join(folder, "drawing.svg"),
      '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
    );
    await Deno.writeTextFile(join(folder, "empty.jpg"), "");
    const rows = await rowsWith(folder, [
      ...["fine.jpg", "inner.jpg", join(folder, "fine.jpg")],
      pathToFileURL(join(folder, "fine.jpg")).href,
      ...["../secret.jpg", secret, "link.jpg", "up/secret.jpg"],
      ...[pathToFileURL(secret).href, "https://example.com/x.jpg", ".."],
      ...["drawing.svg", "none.jpg", "", "empty.jpg", "\0"],
    ]);
    const found = await looked(rows, { image: "image", topRows: 30 });
    assert.equal(found.samples.rows.length, 16, "every row is kept");
    assert.deepEqual(shownRows(found), [0, 1, 2, 3]);
    assert.deepEqual(found.pictures.broken, {
      outside: 7,
      notPicture: 1,
      missing: 2,
      empty: 2,
    });
    assert.equal(found.pictures.firstBroken, 4);

    const wider = await looked(rows, {
      ...{ image: "image", imageDir: outer, topRows: 30 },
    });
    assert.equal(wider.pictures.broken.outside, 2);
    await assert.rejects(
      looked(rows, { image: "image", imageDir: join(outer, "gone") }),
      { kind: "usage", message: /--image-dir/ },
    );
    await assert.rejects(looked(rows, { image: "picture" }), {
      kind: "data",
      message: /choose from: image/,
    });
  });
});

Deno.test("a picture that may not be read, or fails to be, is missing as one that is not there", async () => {
  await inDirectory(async (folder) => {
    const file = await pictureFile(drawn(1));
    for (const name of ["fine.jpg", "locked.jpg", "torn.jpg"]) {
      await Deno.writeFile(join(folder, name), file);
    }
    const rows = await rowsWith(folder, ["fine.jpg", "locked.jpg", "torn.jpg"]);
    const { readFile } = Deno;
    // Not by the file's mode: the superuser may read it all the same.
    Deno.readFile = (path, options) =>
      `${path}`.endsWith("locked.jpg")
        ? Promise.reject(new Deno.errors.PermissionDenied("Permission denied"))
        : `${path}`.endsWith("torn.jpg")
        ? Promise.reject(new Error("Input/output error (os error 5)"))
        : readFile(path, options);
    try {
      const found = await looked(rows, { image: "image", topRows: 30 });
      assert.deepEqual(shownRows(found), [0]);
      assert.deepEqual(found.pictures.broken, { missing: 2 });
    } finally {
      Deno.readFile = readFile;
    }
  });
});

Deno.test("pictures of inputs from the web are asked for under the inputs' own address, and nowhere else", async () => {
  await using server = new FaultServer();
  await inDirectory(async (folder) => {
    const rows = await rowsWith(folder, [
      ...["drawn/1.jpg", `${server.url}/data/drawn/1.jpg`, "/data/drawn/1.jpg"],
      ...["../secret.jpg", "drawn/%2e%2e/%2e%2e/secret.jpg", "/secret.jpg"],
      ...[`${server.otherUrl}/data/drawn/1.jpg`, "file:///etc/hostname"],
      "drawn/none.jpg",
    ]);
    const file = await pictureFile(drawn(1));
    server.files.set("/data/rows.parquet", await Deno.readFile(rows));
    server.files.set("/data/drawn/1.jpg", file);
    server.files.set("/secret.jpg", file);
    const found = await looked(`${server.url}/data/rows.parquet`, {
      ...{ image: "image", topRows: 30 },
    });
    assert.deepEqual(shownRows(found), [0, 1, 2]);
    assert.deepEqual(found.pictures.broken, { outside: 5, unreachable: 1 });
    const asked = server.seen.map(({ path }) => path);
    assert(!asked.some((path) => path.includes("secret")), asked.join(" "));
  });
});

Deno.test("Hugging Face's images, {bytes, path}, are shown by their bytes, or by their path where there are none", async () => {
  await inDirectory(async (folder) => {
    await Deno.writeFile(join(folder, "b.jpg"), await pictureFile(drawn(1)));
    const images = [
      { bytes: await pictureFile(drawn(0)), path: "gone.jpg" },
      { bytes: null, path: "b.jpg" },
      { bytes: null, path: null },
    ];
    const vector = new FixedSizeList(
      DRAWN_WIDTH,
      new Field("item", new Float32()),
    );
    const image = new Struct<Record<string, Binary | Utf8>>([
      new Field("bytes", new Binary(), true),
      new Field("path", new Utf8(), true),
    ]);
    const table = new Table({
      vector: vectorFromArray(images.map((_, i) => rowOf(drawn(i))), vector),
      image: vectorFromArray(images, image),
    });
    const file = join(folder, "rows.arrow");
    await Deno.writeFile(file, tableToIPC(table, "file"));
    const found = await looked(file, { image: "image", topRows: 9 });
    assert.deepEqual(shownRows(found), [0, 1]);
    assert.deepEqual(found.pictures.broken, { empty: 1 });
  });
});

Deno.test("pictures beside the rows of a bucket are asked for as the rows are, and no others", async () => {
  await using bucket = new S3Server("b");
  await inDirectory(async (folder) => {
    const rows = await rowsWith(folder, [
      ...["drawn/1 %41.jpg", "s3://b/data/drawn/1 %41.jpg", "../secret.jpg"],
      ...["/data/drawn/1 %41.jpg", "/secret.jpg", "s3://other/data/1.jpg"],
      ...["https://example.com/x.jpg", "s3://b/data/../secret.jpg"],
      "drawn/none.jpg",
    ]);
    const file = await pictureFile(drawn(1));
    bucket.put("data/rows.parquet", await Deno.readFile(rows));
    bucket.put("data/drawn/1 %41.jpg", file);
    bucket.put("secret.jpg", file);
    const found = await looked("s3://b/data/rows.parquet", {
      ...{ image: "image", topRows: 30 },
    });
    assert.deepEqual(shownRows(found), [0, 1, 3]);
    assert.deepEqual(found.pictures.broken, { outside: 5, unreachable: 1 });
    assert.equal(bucket.vouched, bucket.seen.length);
    assert(!bucket.seen.some(({ path }) => path.includes("secret")));
  });
});

Deno.test("pictures of one caption are all shown, where texts of one wording would be one", async () => {
  const { describeAtom } = await import("../../src/inspection/describe.ts");
  await inDirectory(async (folder) => {
    const rows = await writeDrawn(folder, 40);
    const plain = await looked(rows, { text: "caption", topRows: 9 });
    const shown = await looked(rows, {
      ...{ text: "caption", image: "path", topRows: 9 },
    });
    const most = (found: typeof plain) =>
      Math.max(...Array.from(
        { length: found.atoms },
        (_, atom) => describeAtom(found, atom).sides[0]?.top.length ?? 0,
      ));
    assert(most(plain) <= 4, "four captions");
    assert.equal(most(shown), 9);
  });
});
