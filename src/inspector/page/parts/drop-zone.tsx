import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { openFile } from '../state/source.ts';
import type { Session } from '../state/session.ts';

/** The whole page takes files. */
export function DropZone({ session }: { readonly session: Session }): JSX.Element | null {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    const over = (event: DragEvent): void => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      setOver(true);
    };
    const leave = (event: DragEvent): void => {
      if (event.relatedTarget === null) setOver(false);
    };
    const drop = (event: DragEvent): void => {
      event.preventDefault();
      setOver(false);
      const file = event.dataTransfer?.files[0];
      if (file !== undefined) void openFile(session, file, file.name);
    };
    addEventListener('dragover', over);
    addEventListener('dragleave', leave);
    addEventListener('drop', drop);
    return () => {
      removeEventListener('dragover', over);
      removeEventListener('dragleave', leave);
      removeEventListener('drop', drop);
    };
  }, [session]);
  if (!isOver) return null;
  return (
    <div class="drop-zone" aria-hidden="true">
      <p>Drop a journal, a recording or a report</p>
    </div>
  );
}
