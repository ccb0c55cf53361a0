import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

export interface VirtualListProps<Item> {
  readonly label: string;
  readonly total: number;
  readonly rowHeight: number;
  /** Items of the window that was asked for last; those of another are not shown. */
  readonly window: { readonly offset: number; readonly items: readonly Item[] };
  readonly onWindow: (offset: number, limit: number) => void;
  readonly chosen: number;
  readonly onChoose: (index: number) => void;
  readonly row: (item: Item, index: number) => ComponentChildren;
  /** Rolled to when it changes; -1: nothing is. */
  readonly shown: number;
  /** A row may be wider than the list; then all of it rolls sideways. */
  readonly width?: number;
  /** Stays at the top, and rolls sideways with the rows; each row says the same for who can't see it. */
  readonly head?: ComponentChildren;
}

/** Browsers have elements of at most so many pixels; a longer list rolls faster than the finger. */
const TALLEST_PX = 8_000_000;
const OVERSCAN = 8;

/**
 * A list of which only what is seen is there: as fast with a million rows as with ten.
 *
 * It is one stop for the keyboard; arrows, Home, End and the page keys move within.
 */
export function VirtualList<Item>(props: VirtualListProps<Item>): JSX.Element {
  const { label, total, rowHeight, onWindow, chosen, onChoose, shown, head, width } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const height = useHeight(scroller);
  const [top, setTop] = useState(0);
  const full = total * rowHeight;
  const inner = Math.min(full, TALLEST_PX);
  // How many pixels of the list a pixel of the scroll bar stands for.
  const scale = inner <= height ? 1 : (full - height) / (inner - height);
  const from = Math.max(0, Math.floor((top * scale) / rowHeight) - OVERSCAN);
  const count = Math.max(0, Math.min(total - from, Math.ceil(height / rowHeight) + 2 * OVERSCAN));
  useEffect(() => {
    if (count > 0) onWindow(from, count);
  }, [from, count]);
  useEffect(() => {
    if (shown >= 0) rollTo(scroller.current!, { begin: shown * rowHeight, rowHeight, scale });
  }, [shown, scale, height > 0]);
  const isThere = chosen >= from && chosen < from + count;
  return (
    <div
      class="virtual-list"
      ref={scroller}
      role="listbox"
      aria-label={label}
      tabIndex={0}
      aria-activedescendant={isThere ? idOf(label, chosen) : undefined}
      onScroll={({ currentTarget }) => setTop(currentTarget.scrollTop)}
      onKeyDown={(event) => {
        const page = Math.max(1, Math.floor(height / rowHeight) - 1);
        const to = targetOf(event.key, { chosen, total, page });
        if (to === undefined) return;
        event.preventDefault();
        onChoose(to);
      }}
    >
      {head !== undefined && (
        <div class="virtual-head" aria-hidden="true">
          {head}
        </div>
      )}
      <div
        class="virtual-inner"
        role="presentation"
        style={{ height: `${inner}px`, ...(width && { minWidth: `${width}px` }) }}
      >
        <Rows {...props} from={from} count={count} shift={top - top * scale} />
      </div>
    </div>
  );
}

type RowsProps<Item> = VirtualListProps<Item> & {
  readonly from: number;
  readonly count: number;
  /** Where the list's beginning is, in the part of it that there is room for. */
  readonly shift: number;
};

function Rows<Item>(props: RowsProps<Item>): JSX.Element {
  const { label, total, rowHeight, window, chosen, onChoose, row, from, count, shift } = props;
  return (
    <>
      {itemsFrom(window, from, count).map(({ item, index }) => (
        <div
          key={index}
          id={idOf(label, index)}
          class={`row${index === chosen ? ' chosen' : ''}`}
          role="option"
          aria-selected={index === chosen}
          aria-setsize={total}
          aria-posinset={index + 1}
          style={{ height: `${rowHeight}px`, top: `${shift + index * rowHeight}px` }}
          onClick={() => onChoose(index)}
        >
          {item === undefined ? <span class="waiting">…</span> : row(item, index)}
        </div>
      ))}
    </>
  );
}

function idOf(label: string, index: number): string {
  return `${label.replace(/\W+/g, '-')}-${index}`;
}

function useHeight(frame: { readonly current: HTMLElement | null }): number {
  const [height, setHeight] = useState(400);
  useLayoutEffect(() => {
    const element = frame.current!;
    const watcher = new ResizeObserver(() => setHeight(element.clientHeight));
    watcher.observe(element);
    setHeight(element.clientHeight);
    return () => watcher.disconnect();
  }, []);
  return height;
}

interface RowPlace {
  readonly begin: number;
  readonly rowHeight: number;
  readonly scale: number;
}

function rollTo(element: HTMLElement, { begin, rowHeight, scale }: RowPlace): void {
  const at = element.scrollTop * scale;
  const end = begin + rowHeight;
  if (begin < at) element.scrollTop = begin / scale;
  else if (end > at + element.clientHeight) {
    element.scrollTop = (end - element.clientHeight) / scale;
  }
}

function itemsFrom<Item>(
  { offset, items }: VirtualListProps<Item>['window'],
  from: number,
  count: number
): readonly { readonly item: Item | undefined; readonly index: number }[] {
  return Array.from({ length: Math.max(0, count) }, (_, place) => {
    const index = from + place;
    return { item: items[index - offset], index };
  });
}

interface Within {
  readonly chosen: number;
  readonly total: number;
  /** Rows on a page. */
  readonly page: number;
}

function targetOf(key: string, { chosen, total, page }: Within): number | undefined {
  const within = (index: number) => Math.min(Math.max(index, 0), total - 1);
  switch (key) {
    case 'ArrowDown':
      return within(chosen + 1);
    case 'ArrowUp':
      return within(chosen - 1);
    case 'PageDown':
      return within(chosen + page);
    case 'PageUp':
      return within(chosen - page);
    case 'Home':
      return within(0);
    case 'End':
      return within(total - 1);
    default:
      return undefined;
  }
}
