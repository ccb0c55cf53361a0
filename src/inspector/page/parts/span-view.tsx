import type { JSX } from 'preact';
import type { RunSpan, Span } from '../../../model/span.ts';
import { lengthText } from '../state/text.ts';

const WAITS: Readonly<Record<string, string>> = {
  lease: 'the lease',
  lane: 'a free place to run plugins',
  plugins: 'the lock on plugins'
};

/** A program that was run, with what it was given and what it said; or a wait. */
export function SpanView({ span }: { readonly span: Span }): JSX.Element {
  if (span.kind === 'wait') {
    return (
      <p class="span wait">
        waited {lengthText(span.tookMs)} for {WAITS[span.on] ?? span.on}
      </p>
    );
  }
  const { exitCode, stopped } = span;
  const isGood = exitCode === 0 && stopped === undefined;
  return (
    <details class={`span ${isGood ? 'good' : 'bad'}`}>
      <summary>
        <b>{span.program}</b> {span.command} <span class="muted">{lengthText(span.tookMs)}</span>{' '}
        <span class={`badge ${isGood ? 'good' : 'bad'}`}>{stopped ?? `exit ${exitCode}`}</span>
      </summary>
      <Output name="stdin" span={span} />
      <Output name="stdout" span={span} />
      <Output name="stderr" span={span} />
    </details>
  );
}

interface OutputProps {
  readonly name: 'stdin' | 'stdout' | 'stderr';
  readonly span: RunSpan;
}

function Output({ name, span }: OutputProps): JSX.Element {
  const { text, length } = span[name];
  return (
    <div class="output">
      <h4>
        {name}{' '}
        <span class="muted">
          {length === 0 ? 'nothing' : `${length.toLocaleString('en')} characters`}
        </span>
      </h4>
      {text !== '' && (
        <pre tabIndex={0} aria-label={`${name} of ${span.program}`}>
          {pretty(text)}
          {length > text.length ? '\n…' : ''}
        </pre>
      )}
    </div>
  );
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
