import { crc32, inflateRawSync } from "node:zlib";
import type { ByteSource } from "../../files/bytes.ts";
import { listMembers, type ZipMember } from "../../files/zip_members.ts";
import type { ArrayLayout } from "./array.ts";
import { broken } from "./files.ts";
import { openNpy, readNpyHeader } from "./npy.ts";

/** An array of an archive: where its rows are read from. */
export interface NpzArray {
  name: string;
  /** The other arrays. */
  others: string[];
  source: ByteSource;
  layout: ArrayLayout;
}

/**
 * An array of a NumPy archive (`savez`, `savez_compressed`): the one that is named, or the only one with rows. Stored
 * arrays are read by ranges, compressed ones whole.
 *
 * @param source the archive
 * @param name the array, as `savez` got it
 * @param limit bytes that a decompressed array may take
 */
export async function openNpz(
  source: ByteSource,
  name: string | undefined,
  limit: number,
): Promise<NpzArray> {
  const members = (await listMembers(source))
    .filter((member) => member.name.endsWith(".npy"));
  const names = members.map((member) => member.name.slice(0, -4));
  const shown = new Map<string, number | undefined>();
  for (const [i, member] of members.entries()) {
    shown.set(names[i], await rowWidth(source, member));
  }
  const withRows = names.filter((one) => shown.get(one) !== undefined);
  const list = withRows.map((one) => `${one} (${shown.get(one)})`).join(", ");
  if (withRows.length === 0) {
    throw broken(
      source,
      `File holds no array with rows, only ${
        names.slice(0, 8).join(", ") || "none at all"
      }`,
      "save it as numbers, rows × dimensions",
    );
  }
  const mend = `choose one with --column: ${list}`;
  const chosen = name ?? (withRows.length === 1 ? withRows[0] : undefined);
  if (chosen === undefined) {
    throw broken(
      source,
      `File holds ${withRows.length} arrays with rows`,
      mend,
    );
  }
  if (!names.includes(chosen)) {
    throw broken(source, `No array "${chosen}"`, mend);
  }
  const member = members[names.indexOf(chosen)];
  const others = names.filter((one) => one !== chosen);
  if (member.stored) {
    const { start, size } = member;
    const layout = await openNpy(source, start, start + size);
    return { name: chosen, others, source, layout };
  }
  const whole = await inflated(source, member, limit);
  return { name: chosen, others, source: whole, layout: await openNpy(whole) };
}

// The last axis of an array with at least two; of a compressed one a little is decompressed to see.
async function rowWidth(
  source: ByteSource,
  member: ZipMember,
): Promise<number | undefined> {
  const begin = member.stored ? source : beginning(
    source.path,
    await source.read(
      member.start,
      Math.min(member.packed, HEAD_BYTES),
    ),
  );
  const header = member.stored
    ? await readNpyHeader(source, member.start, member.start + member.size)
    : await readNpyHeader(begin, 0, Infinity);
  return header.element !== undefined && header.shape.length >= 2
    ? header.shape.at(-1)
    : undefined;
}

const HEAD_BYTES = 4096;

function beginning(path: string, packed: Uint8Array): ByteSource {
  // What was cut off behind is no error.
  const bytes = inflateRawSync(packed, { finishFlush: Z_SYNC_FLUSH });
  return inMemory(path, new Uint8Array(bytes));
}

const Z_SYNC_FLUSH = 2;

async function inflated(
  source: ByteSource,
  { name, start, packed, size, crc }: ZipMember,
  limit: number,
): Promise<ByteSource> {
  if (size > limit) {
    throw broken(
      source,
      `Compressed array ${name} takes ${size} bytes, more than the memory budget`,
      "write it with numpy.savez, which does not compress",
    );
  }
  const bytes = inflateRawSync(await source.read(start, packed), {
    maxOutputLength: size + 1,
  });
  if (bytes.length !== size || crc32(bytes) !== crc) {
    throw broken(source, `Member ${name} is damaged`, "write it again");
  }
  return inMemory(source.path, new Uint8Array(bytes));
}

function inMemory(path: string, bytes: Uint8Array<ArrayBuffer>): ByteSource {
  return {
    path,
    size: bytes.length,
    read: (offset, length) =>
      Promise.resolve(bytes.slice(offset, offset + length)),
    close: () => {},
  };
}
