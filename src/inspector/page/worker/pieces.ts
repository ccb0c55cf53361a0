// The text of all records, zipped in pieces of a megabyte: only what is looked at is read.

/** Where a text is. */
export interface TextPlace {
  readonly piece: number;
  readonly offset: number;
  readonly length: number;
}

export interface Pieces {
  /** Keeps bytes; they are found again by the place. */
  keep(bytes: Uint8Array): TextPlace;
  /** A part of a file, which stays where it is. */
  point(file: Blob, start: number, end: number): number;
  read(place: TextPlace): Promise<string>;
  /** Bytes of a whole piece. */
  bytes(piece: number): Promise<Uint8Array>;
}

const PIECE_BYTES = 1024 * 1024;
const RECENT_MAX = 12;

type Piece =
  | { readonly kind: 'open'; readonly bytes: Uint8Array; filled: number }
  | { readonly kind: 'plain'; readonly bytes: Uint8Array }
  | { readonly kind: 'zipped'; readonly bytes: Uint8Array }
  | { readonly kind: 'file'; readonly blob: Blob };

export function pieces(): Pieces {
  const all: Piece[] = [];
  // The newest at the end.
  const recent = new Map<number, Uint8Array>();
  const decoder = new TextDecoder();

  return {
    keep(bytes) {
      const open = openPiece(bytes.length);
      const { index, piece } = open;
      piece.bytes.set(bytes, piece.filled);
      const offset = piece.filled;
      piece.filled += bytes.length;
      return { piece: index, offset, length: bytes.length };
    },
    point: (file, start, end) => all.push({ kind: 'file', blob: file.slice(start, end) }) - 1,
    async read({ piece, offset, length }) {
      const bytes = await bytesOf(piece);
      return decoder.decode(bytes.subarray(offset, offset + length));
    },
    bytes: bytesOf
  };

  function openPiece(needed: number): {
    readonly index: number;
    readonly piece: Extract<Piece, { kind: 'open' }>;
  } {
    const index = all.length - 1;
    const last = all[index];
    if (last?.kind === 'open') {
      if (last.filled + needed <= last.bytes.length) return { index, piece: last };
      close(index, last);
    }
    const bytes = new Uint8Array(Math.max(PIECE_BYTES, needed));
    const piece = { kind: 'open' as const, bytes, filled: 0 };
    return { index: all.push(piece) - 1, piece };
  }

  // It is read as it is until it has been zipped.
  function close(index: number, { bytes, filled }: Extract<Piece, { kind: 'open' }>): void {
    const plain = bytes.subarray(0, filled);
    all[index] = { kind: 'plain', bytes: plain };
    void zipped(plain).then((packed) => {
      all[index] = { kind: 'zipped', bytes: packed };
    });
  }

  async function bytesOf(index: number): Promise<Uint8Array> {
    const piece = all[index];
    if (piece === undefined) return new Uint8Array();
    if (piece.kind === 'open' || piece.kind === 'plain') return piece.bytes;
    const known = recent.get(index);
    if (known !== undefined) {
      recent.delete(index);
      recent.set(index, known);
      return known;
    }
    const bytes = piece.kind === 'file' ? await bytesIn(piece.blob) : await unzipped(piece.bytes);
    recent.set(index, bytes);
    for (const oldest of recent.keys()) {
      if (recent.size <= RECENT_MAX) break;
      recent.delete(oldest);
    }
    return bytes;
  }
}

async function bytesIn(blob: Blob): Promise<Uint8Array> {
  return new Uint8Array(await blob.arrayBuffer());
}

function zipped(bytes: Uint8Array): Promise<Uint8Array> {
  return through(bytes, new CompressionStream('deflate-raw'));
}

function unzipped(bytes: Uint8Array): Promise<Uint8Array> {
  return through(bytes, new DecompressionStream('deflate-raw'));
}

async function through(
  bytes: Uint8Array,
  stream: CompressionStream | DecompressionStream
): Promise<Uint8Array> {
  const body = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(stream);
  return new Uint8Array(await new Response(body).arrayBuffer());
}
