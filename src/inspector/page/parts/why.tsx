import type { JSX } from 'preact';

/** The hand-written Why of a chart: paragraphs of plain Markdown. */
export function Why({ text }: { readonly text: string }): JSX.Element {
  return (
    <div class="why">
      {text.split(/\n{2,}/).map((paragraph, index) => (
        <p key={index}>{piecesOf(paragraph.replaceAll('\n', ' '))}</p>
      ))}
    </div>
  );
}

function piecesOf(text: string): readonly (JSX.Element | string)[] {
  return text.split(/(\*\*.+?\*\*|`[^`]+`|_[^_]+_)/).map((piece, index) => {
    if (piece.startsWith('**')) return <b key={index}>{piece.slice(2, -2)}</b>;
    if (piece.startsWith('`')) return <code key={index}>{piece.slice(1, -1)}</code>;
    if (/^_.+_$/.test(piece)) return <i key={index}>{piece.slice(1, -1)}</i>;
    return piece;
  });
}
