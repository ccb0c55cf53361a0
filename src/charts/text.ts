// Text in pictures: how wide it is, how it is broken into lines, and how it is escaped.

// Advance widths of the printable ASCII characters in hundredths of the font size, of a wide
// sans-serif; a picture is laid out once, and whatever font it is shown in takes less room.
const FIRST = 32;
// prettier-ignore
const REGULAR: readonly number[] = [
  32, 40, 46, 84, 64, 95, 78, 27, 39, 39, 50, 84, 32, 36, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64,
  64, 64, 34, 34, 84, 84, 84, 53, 100, 68, 69, 70, 77, 63, 58, 77, 75, 29, 29, 66, 56, 86, 75, 79,
  60, 79, 69, 63, 61, 73, 68, 99, 69, 61, 69, 39, 34, 39, 84, 50, 50, 61, 63, 55, 63, 62, 35, 63,
  63, 28, 28, 58, 28, 97, 63, 61, 63, 63, 41, 52, 39, 63, 59, 82, 59, 59, 52, 64, 34, 64, 84
];
// prettier-ignore
const BOLD: readonly number[] = [
  35, 46, 52, 84, 70, 100, 87, 31, 46, 46, 52, 84, 38, 42, 38, 37, 70, 70, 70, 70, 70, 70, 70, 70,
  70, 70, 40, 40, 84, 84, 84, 58, 100, 77, 76, 73, 83, 68, 68, 82, 84, 37, 37, 77, 64, 100, 84, 85,
  73, 85, 77, 72, 68, 81, 77, 110, 77, 72, 73, 46, 37, 46, 84, 50, 50, 67, 72, 59, 72, 68, 44, 72,
  71, 34, 34, 67, 34, 104, 71, 69, 72, 72, 49, 60, 48, 71, 65, 92, 65, 65, 58, 71, 37, 71, 84
];

/** Pixels that a line takes; a character outside ASCII counts as the widest. */
export function widthOf(text: string, sizePx: number, bold = false): number {
  const table = bold ? BOLD : REGULAR;
  const hundredths = Array.from(text).reduce(
    (sum, character) => sum + (table[character.codePointAt(0)! - FIRST] ?? 110),
    0
  );
  return Math.ceil((hundredths * sizePx) / 100);
}

/** Words joined by commas, broken into lines of at most so many characters. */
export function wrapped(words: readonly string[], maxCharacters: number): readonly string[] {
  const lines: string[] = [];
  for (const [index, word] of words.entries()) {
    const piece = index < words.length - 1 ? `${word},` : word;
    const longer = `${lines.at(-1)} ${piece}`;
    if (lines.length > 0 && longer.length <= maxCharacters) lines[lines.length - 1] = longer;
    else lines.push(piece);
  }
  return lines;
}

export function escaped(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;'
  };
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}
