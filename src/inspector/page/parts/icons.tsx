import type { JSX } from 'preact';

// Strokes on a grid of 16; each is one path.
const PATHS = {
  chart: 'M2.5 2.5h4v3h-4zM9.500 10.500h4v3h-4zM4.500 5.500v6.500h5M11.500 10.500V6.500',
  timeline: 'M2 4h6M5 8h7M8 12h6',
  sequence: 'M3.500 2v12M12.500 2v12M3.500 5.500h7l-2-2M12.500 10.500h-7l2 2',
  log: 'M2.500 4h11M2.500 8h11M2.500 12h7',
  topology: 'M8 2.500v3M3 13.500v-3h10v3M8 5.500v5M6.500 2.500h3M1.500 13.500h3M11.500 13.500h3',
  search: 'M7 2.500a4.500 4.500 0 1 1 0 9 4.500 4.500 0 0 1 0-9ZM10.500 10.500l3.500 3.500',
  first: 'M4 3v10M12.500 3.500 6.500 8l6 4.500z',
  previous: 'M10.500 3 5.500 8l5 5',
  next: 'M5.500 3l5 5-5 5',
  last: 'M12 3v10M3.500 3.500 9.500 8l-6 4.500z',
  failure: 'M8 2.500 14 13H2zM8 6.500v3M8 11.200v.3',
  export: 'M8 2.500v7M5 7l3 3 3-3M3 13.500h10',
  sun: 'M8 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6ZM8 1.500v1M8 13.500v1M1.500 8h1M13.500 8h1M3.400 3.400l.7.7M11.900 11.900l.7.7M3.400 12.600l.7-.7M11.900 4.100l.7-.7',
  help: 'M5.500 6a2.500 2.500 0 1 1 3.600 2.300c-.7.4-1.100.8-1.100 1.700M8 12.400v.3',
  close: 'M3.500 3.500l9 9M12.500 3.500l-9 9',
  link: 'M6.500 9.500l3-3M7 4.500l1.200-1.200a3 3 0 0 1 4.300 4.300L11.300 8.800M9 11.500l-1.200 1.200a3 3 0 0 1-4.300-4.300l1.200-1.200',
  menu: 'M2.500 4h11M2.500 8h11M2.500 12h11',
  test: 'M6 2.500h4M7 2.500v4L3.500 12a1.200 1.200 0 0 0 1 1.700h7a1.200 1.200 0 0 0 1-1.700L9 6.500v-4M5.500 10h5',
  send: 'M2.500 8 13.500 3l-3 10.500-3-4z',
  plus: 'M8 3v10M3 8h10',
  minus: 'M3 8h10',
  fit: 'M2.500 6V2.500H6M10 2.500h3.500V6M13.500 10v3.500H10M6 13.500H2.500V10',
  down: 'M3.500 6 8 10.500 12.500 6'
} as const;

export type IconName = keyof typeof PATHS;

/** It is said by what stands beside it, or by the label of its button. */
export function Icon({ name }: { readonly name: IconName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
