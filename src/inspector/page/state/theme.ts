export const THEMES = ['as the system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const KEY = 'mooring.theme';

export function storedTheme(): Theme {
  return THEMES.find((theme) => theme === kept(KEY)) ?? 'as the system';
}

export function applyTheme(theme: Theme): void {
  if (theme === 'as the system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
  keep(KEY, theme);
}

/** A browser may keep nothing for a page from disk. */
export function kept(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // It is asked for again the next time.
  }
}
