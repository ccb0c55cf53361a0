import type { Output } from './deps.ts';

const PATIENCE_MS = 1000;
const ERASE = '\r\u001b[K';

/** One line on a terminal that says what is being waited for; nothing in a pipe. */
export interface ProgressLine {
  /** From now on something is waited for; the line appears when it takes longer than a second. */
  start(text: string): void;
  /** Replaces the line's text. */
  say(text: string): void;
  /** Makes room for other output; the next `say` draws again. */
  erase(): void;
  stop(): void;
}

export function progressLine(output: Output): ProgressLine {
  let text = '';
  let due = false;
  let drawn = false;
  let timer: NodeJS.Timeout | undefined;

  const draw = (): void => {
    output.write(`${ERASE}${text.slice(0, output.columns - 1)}`);
    drawn = true;
  };
  const erase = (): void => {
    if (drawn) output.write(ERASE);
    drawn = false;
  };
  const stop = (): void => {
    clearTimeout(timer);
    due = false;
    erase();
  };

  return {
    start(first) {
      stop();
      text = first;
      if (!output.isTty) return;
      timer = setTimeout(() => {
        due = true;
        draw();
      }, PATIENCE_MS);
      timer.unref();
    },
    say(next) {
      text = next;
      if (due) draw();
    },
    erase,
    stop
  };
}
