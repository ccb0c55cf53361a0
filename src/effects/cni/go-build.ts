import { closeSync, openSync, readSync } from 'node:fs';

/**
 * Import path of the package that a Go program was built from, as `go version -m` tells it.
 *
 * @returns `undefined` for what is no 64-bit little-endian ELF file built by Go 1.18 or later, or
 *   says nothing of it
 * @throws the reason why the file can't be read
 * @see elf(5); Go's package debug/buildinfo
 */
export function goPackageOf(file: string): string | undefined {
  const fd = openSync(file, 'r');
  try {
    const info = sectionOf((at, length) => read(fd, at, length), '.go.buildinfo');
    return info && packageIn(info);
  } finally {
    closeSync(fd);
  }
}

type ReadAt = (at: number, length: number) => Buffer | undefined;

// Far above what is read of any; a file that claims more is no program.
const MOST_BYTES = 1024 * 1024;

function read(fd: number, at: number, length: number): Buffer | undefined {
  if (length > MOST_BYTES || !Number.isSafeInteger(at)) return undefined;
  const buffer = Buffer.alloc(length);
  return readSync(fd, buffer, 0, length, at) === length ? buffer : undefined;
}

const ELF_64_LITTLE = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
const ELF_HEADER_BYTES = 64;
const SECTION_HEADER_BYTES = 64;

function sectionOf(readAt: ReadAt, wanted: string): Buffer | undefined {
  const header = readAt(0, ELF_HEADER_BYTES);
  if (!header?.subarray(0, ELF_64_LITTLE.length).equals(ELF_64_LITTLE)) return undefined;
  if (header.readUInt16LE(0x3a) !== SECTION_HEADER_BYTES) return undefined;
  const table = readAt(numberAt(header, 0x28), header.readUInt16LE(0x3c) * SECTION_HEADER_BYTES);
  if (table === undefined) return undefined;
  const sections = Array.from({ length: table.length / SECTION_HEADER_BYTES }, (_, index) =>
    table.subarray(index * SECTION_HEADER_BYTES, (index + 1) * SECTION_HEADER_BYTES)
  );
  const content = (section: Buffer | undefined) =>
    section && readAt(numberAt(section, 0x18), numberAt(section, 0x20));
  const names = content(sections[header.readUInt16LE(0x3e)]);
  if (names === undefined) return undefined;
  return content(
    sections.find((section) =>
      names.toString('latin1', section.readUInt32LE(0)).startsWith(`${wanted}\0`)
    )
  );
}

function numberAt(header: Buffer, at: number): number {
  return Number(header.readBigUInt64LE(at));
}

const MAGIC = Buffer.from('\xff Go buildinf:', 'latin1');
const FLAGS_AT = 15;
// Since Go 1.18 the texts follow the header; before, it held pointers to them.
const IS_INLINE = 2;
const TEXTS_AT = 32;
// Each module text stands between two of these, for tools that look for it in memory.
const MARK_BYTES = 16;

function packageIn(info: Buffer): string | undefined {
  if (info.length < TEXTS_AT || !info.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  if ((info[FLAGS_AT]! & IS_INLINE) === 0) return undefined;
  const version = textAt(info, TEXTS_AT);
  const modules = version && textAt(info, version.end);
  const lines = modules?.text.slice(MARK_BYTES).split('\n') ?? [];
  return lines.find((line) => line.startsWith('path\t'))?.slice('path\t'.length);
}

function textAt(info: Buffer, at: number): { text: string; end: number } | undefined {
  let length = 0;
  for (let shift = 0, next = at; shift < 28 && next < info.length; shift += 7, next += 1) {
    const byte = info[next]!;
    length |= (byte & 0x7f) << shift;
    if (byte >= 0x80) continue;
    const end = next + 1 + length;
    return end > info.length ? undefined : { text: info.toString('latin1', next + 1, end), end };
  }
  return undefined;
}
