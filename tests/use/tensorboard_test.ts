import assert from "node:assert/strict";
import { join } from "node:path";
import { EventFile, maskedCrc } from "../../src/files/event_file.ts";
import { addTraining } from "../../src/use/tensorboard.ts";
import { inDirectory, namesIn } from "../directories.ts";

interface Scalar {
  step: number;
  tag: string;
  value: number;
}

/** Reads an event file as TensorBoard does: frames by their checksums, then the messages' fields. */
function readEvents(
  bytes: Uint8Array,
): { version?: string; scalars: Scalar[] } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const found: { version?: string; scalars: Scalar[] } = { scalars: [] };
  for (let at = 0; at < bytes.length;) {
    const length = Number(view.getBigUint64(at, true));
    assert.equal(
      view.getUint32(at + 8, true),
      maskedCrc(bytes.subarray(at, at + 8)),
    );
    const message = bytes.subarray(at + 12, at + 12 + length);
    assert.equal(view.getUint32(at + 12 + length, true), maskedCrc(message));
    const event = fields(message);
    if (event.has(3)) {
      found.version = new TextDecoder().decode(event.get(3) as Uint8Array);
    }
    if (event.has(5)) {
      const entry = fields(
        fields(event.get(5) as Uint8Array).get(1) as Uint8Array,
      );
      const float = entry.get(2) as Uint8Array;
      found.scalars.push({
        step: event.get(2) as number,
        tag: new TextDecoder().decode(entry.get(1) as Uint8Array),
        value: new DataView(float.buffer, float.byteOffset).getFloat32(0, true),
      });
    }
    at += 16 + length;
  }
  return found;
}

function fields(message: Uint8Array): Map<number, Uint8Array | number> {
  const found = new Map<number, Uint8Array | number>();
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1;; scale *= 128) {
      const byte = message[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const key = varint();
    const type = key & 7;
    if (type === 0) {
      found.set(key >> 3, varint());
      continue;
    }
    const length = type === 2 ? varint() : type === 1 ? 8 : 4;
    found.set(key >> 3, message.subarray(at, at + length));
    at += length;
  }
  return found;
}

// The value that TFRecord's own documentation gives for the checksum of an empty message's length.
Deno.test("maskedCrc() is TFRecord's", () => {
  assert.equal(
    maskedCrc(new TextEncoder().encode("123456789")),
    (((0xe3069283 >>> 15) | (0xe3069283 << 17)) + 0xa282ead8) >>> 0,
  );
});

Deno.test("EventFile holds what was added, in TensorBoard's format", async () => {
  await inDirectory(async (folder) => {
    const run = join(folder, "logs", "run");
    {
      using events = EventFile.open(run, 1_700_000_000);
      events.add(3_000_000_000, { "fvu/x": 0.25, lost: NaN, none: undefined });
      events.add(7, { "a": -1 });
    }
    const [name] = await namesIn(run);
    assert.match(name, /^events\.out\.tfevents\.1700000000\.dbksvd/);
    const { version, scalars } = readEvents(
      await Deno.readFile(join(run, name)),
    );
    assert.equal(version, "brain.Event:2");
    assert.deepEqual(scalars, [
      { step: 3_000_000_000, tag: "fvu/x", value: 0.25 },
      { step: 7, tag: "a", value: -1 },
    ]);
  });
});

Deno.test("addTraining() writes a line's figures over the rows seen", async () => {
  await inDirectory(async (folder) => {
    const line = {
      iteration: 4,
      pass: 0,
      rowsSeen: 1200,
      codingFvu: 0.5,
      updatedFvu: 0.25,
      l0: 8,
      atomBatch: 16,
      deadAtoms: 2,
      duplicates: 1,
      replaced: 3,
      milliseconds: 12,
      stages: {},
    };
    {
      using events = EventFile.open(folder);
      addTraining(events, [line, {
        ...line,
        rowsSeen: 1500,
        validationFvu: 0.125,
      }]);
    }
    const [name] = await namesIn(folder);
    const { scalars } = readEvents(await Deno.readFile(join(folder, name)));
    const of = (tag: string) =>
      scalars.filter((one) => one.tag === tag).map((
        { step, value },
      ) => [step, value]);
    assert.deepEqual(of("fvu/updated"), [[1200, 0.25], [1500, 0.25]]);
    assert.deepEqual(of("fvu/validation"), [[1500, 0.125]]);
    assert.deepEqual(of("atoms/replaced"), [[1200, 3], [1500, 3]]);
  });
});
