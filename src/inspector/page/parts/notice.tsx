import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Session } from '../state/session.ts';
import { useStore } from '../state/store.ts';

const SHOWN_MS = 8_000;

/** A line that says what has just been done, and goes. */
export function Notice({ session }: { readonly session: Session }): JSX.Element {
  const text = useStore(session.notice);
  useEffect(() => {
    if (text === '') return undefined;
    const timer = setTimeout(() => session.notice.set(''), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <p class={`notice${text === '' ? '' : ' on'}`} role="status">
      {text}
    </p>
  );
}
