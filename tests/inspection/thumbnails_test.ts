import assert from "node:assert/strict";
import { kindOf } from "../../src/inspection/pictures/kind.ts";
import { makeThumbnail } from "../../src/inspection/pictures/thumbnail.ts";
import { drawn, pictureFile } from "./drawn_pictures.ts";

Deno.test("makeThumbnail() keeps proportions and transparency, and enlarges nothing", async () => {
  const wide = new ImageData(300, 150);
  wide.data.fill(200);
  const sizes = async (image: ImageData, type: string, size: number) => {
    const small = await makeThumbnail(await pictureFile(image, type), size);
    const { width, height } = kindOf(small);
    return [width, height, small[0] === 0x89 ? "png" : "jpeg"];
  };
  assert.deepEqual(await sizes(wide, "image/jpeg", 64), [64, 32, "png"]);
  assert.deepEqual(await sizes(wide, "image/jpeg", 200), [200, 100, "jpeg"]);
  assert.deepEqual(await sizes(wide, "image/png", 200), [200, 100, "png"]);
  assert.deepEqual(await sizes(wide, "image/jpeg", 512), [300, 150, "jpeg"]);
  const line = new ImageData(900, 1);
  assert.deepEqual(await sizes(line, "image/png", 100), [100, 1, "png"]);
});

Deno.test("makeThumbnail() turns a picture as its camera says", async () => {
  const wide = new ImageData(240, 120);
  for (let i = 0; i < 240 * 120; i++) {
    wide.data.set([i % 240 < 120 ? 250 : 5, 5, 5, 255], 4 * i);
  }
  const plain = await pictureFile(wide);
  // An APP1 segment with the one tag Orientation, 6: turned by a quarter, its left side is the top.
  const exif = Uint8Array.fromHex(
    "ffe10022457869660000" + "4d4d002a00000008" + "0001" +
      "011200030000000100060000" + "00000000",
  );
  const file = new Uint8Array([
    ...[...plain.subarray(0, 2), ...exif],
    ...plain.subarray(2),
  ]);
  for (const size of [60, 100, 512]) {
    const { width, height } = kindOf(await makeThumbnail(file, size));
    const longest = Math.min(size, 240);
    assert.deepEqual([width, height], [longest / 2, longest]);
  }
});

Deno.test("a picture's header tells its size, and what is too large is refused before it is decoded", async () => {
  const header = (hex: string, length = 40) => {
    const bytes = new Uint8Array(length);
    bytes.set(Uint8Array.fromHex(hex.replaceAll(" ", "")));
    return bytes;
  };
  const sizes: [string, number, number, boolean][] = [
    [
      "89504e470d0a1a0a 0000000d 49484452 00000140 000000f0 08 06",
      320,
      240,
      true,
    ],
    [
      "89504e470d0a1a0a 0000000d 49484452 00000140 000000f0 08 02",
      320,
      240,
      false,
    ],
    ["ffd8 ffe0 0004 0000 ffff c2 0011 08 00f0 0140 03", 320, 240, false],
    ["474946383961 4001 f000", 320, 240, true],
    [
      "52494646 00000000 57454250 56503820 00000000 000000 9d012a 4001 f000",
      320,
      240,
      false,
    ],
    [
      "52494646 00000000 57454250 5650384c 00000000 2f 3fc13b00",
      320,
      240,
      true,
    ],
    [
      "52494646 00000000 57454250 56503858 0a000000 10000000 3f0100 ef0000",
      320,
      240,
      true,
    ],
    [
      "424d 00000000 00000000 36000000 28000000 40010000 10ffffff",
      320,
      240,
      false,
    ],
  ];
  for (const [hex, width, height, alpha] of sizes) {
    assert.deepEqual(kindOf(header(hex)), { width, height, alpha }, hex);
  }
  const none = ["", "ffd8ff", "89504e470d0a1a0a", "ffd8ffe0ffff", "3c737667"];
  for (const hex of none) {
    const bytes = Uint8Array.fromHex(hex);
    assert.throws(() => kindOf(bytes), { reason: "notPicture" }, hex);
  }
  const bomb = header(
    "89504e470d0a1a0a 0000000d 49484452 0000ffff 0000ffff 08 06",
  );
  await assert.rejects(makeThumbnail(bomb, 64), { reason: "tooLarge" });
  const cut = (await pictureFile(drawn(2))).slice(0, 700);
  await assert.rejects(makeThumbnail(cut.slice(0, 200), 64), {
    reason: "notPicture",
  });
});
