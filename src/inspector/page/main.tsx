import { render } from 'preact';
import { App } from './app.tsx';
import { openSession } from './state/session.ts';
import { showSource } from './state/source.ts';
import { applyTheme, storedTheme } from './state/theme.ts';

applyTheme(storedTheme());
const session = openSession();
render(<App session={session} />, document.getElementById('page')!);
void showSource(session);
