interface Oddity {
  /** 2: the texts follow the header. */
  readonly flags?: number;
  /** 2: 64 bits. */
  readonly bits?: number;
  /** 1: the least significant byte first. */
  readonly order?: number;
  readonly sections?: number;
  /** Length that the text is said to have. */
  readonly claimed?: number;
}

const NAMES = '\0.shstrtab\0.go.buildinfo\0';

/** As much of an ELF file as tells the package that Go built it from; it can't be run. */
export function goProgram(path: string | undefined, odd: Oddity = {}): Buffer {
  const modules = `${'0'.repeat(16)}${path === undefined ? '' : `path\t${path}\n`}mod\tx\n${'0'.repeat(16)}`;
  const head = Buffer.alloc(32);
  head.write('\xff Go buildinf:', 'latin1');
  head[14] = 8;
  head[15] = odd.flags ?? 2;
  const info = Buffer.concat([
    head,
    lengthOf('go1.19.8'.length),
    Buffer.from('go1.19.8'),
    lengthOf(odd.claimed ?? modules.length),
    Buffer.from(modules)
  ]);
  const names = Buffer.from(NAMES);
  const namesAt = 64;
  const infoAt = namesAt + names.length;
  const tableAt = infoAt + info.length;
  const sections = [
    Buffer.alloc(64),
    section('.shstrtab', namesAt, names.length),
    section('.go.buildinfo', infoAt, info.length)
  ];
  const elf = Buffer.alloc(64);
  elf.set([0x7f, 0x45, 0x4c, 0x46, odd.bits ?? 2, odd.order ?? 1]);
  elf.writeBigUInt64LE(BigInt(tableAt), 0x28);
  elf.writeUInt16LE(64, 0x3a);
  elf.writeUInt16LE(odd.sections ?? sections.length, 0x3c);
  elf.writeUInt16LE(1, 0x3e);
  return Buffer.concat([elf, names, info, ...sections]);
}

function section(name: string, at: number, length: number): Buffer {
  const header = Buffer.alloc(64);
  header.writeUInt32LE(NAMES.indexOf(name), 0);
  header.writeBigUInt64LE(BigInt(at), 0x18);
  header.writeBigUInt64LE(BigInt(length), 0x20);
  return header;
}

/** As Go's `binary.PutUvarint`. */
function lengthOf(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 0x7f) | 0x80);
  }
}
