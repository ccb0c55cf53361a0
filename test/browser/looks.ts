// What is wrong with a page for who looks at it, and for who can't.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** In one line each: what is wider than the window, what overlaps, what is cut, what axe finds. */
export async function faultsIn(page: Page): Promise<readonly string[]> {
  const seen = await page.evaluate<readonly string[]>(LAYOUT);
  if (!(await page.evaluate<boolean>('"axe" in window'))) await page.evaluate(AXE);
  const found = await page.evaluate<readonly string[]>(RUN_AXE);
  return [...seen, ...found];
}

const RUN_AXE = `axe.run({ resultTypes: ['violations'] }).then(({ violations }) =>
  violations.map(({ id, nodes }) => id + ': ' + nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)).join(' | ')))`;

// Of what is pressed or read in the bars around a view: charts are checked by their geometry.
const LAYOUT = `(() => {
  const faults = [];
  const wide = document.documentElement.scrollWidth;
  if (wide > innerWidth) faults.push('the page is ' + wide + ' px wide');
  const name = (e) => e.tagName + '.' + e.className + ' "' + (e.textContent || e.id).slice(0, 30) + '"';
  for (const bar of document.querySelectorAll('.top, .views, .toolbar, .trace-bar, .time-bar, .panel-head, .tabs')) {
    const inside = [...bar.querySelectorAll('button, input, select, b, output, h1, h2, .muted')].filter((e) => {
      const { width, height } = e.getBoundingClientRect();
      return e.checkVisibility({ visibilityProperty: true }) && width > 2 && height > 2;
    });
    for (const [at, one] of inside.entries()) {
      const a = one.getBoundingClientRect();
      const rolls = one.closest('.pictures') !== null;
      if (!rolls && (a.right > innerWidth + 1 || a.left < -1)) faults.push(name(one) + ' is cut');
      for (const other of inside.slice(at + 1)) {
        if (one.contains(other) || other.contains(one)) continue;
        const b = other.getBoundingClientRect();
        const x = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const y = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (x > 1 && y > 1) faults.push(name(one) + ' overlaps ' + name(other));
      }
    }
  }
  for (const event of document.querySelectorAll('.log-event')) {
    if (event.scrollWidth > event.clientWidth + 1) faults.push(name(event) + ' is cut');
  }
  return faults;
})()`;

/** Looks at something else, as a link would. */
export async function show(page: Page, fragment: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(fragment)}`);
}
