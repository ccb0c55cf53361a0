import { it } from 'vitest';
import { NARROW, useHarness } from './harness.ts';
const h = useHarness(async (host) => { await host.up('web', ['front', 'back'], 8080); await host.up('lost', ['front']); });
it('x', async () => {
  const p = await h.open('view=sequence&key=container/web');
  await p.waitForSelector('.head');
  console.log(await p.evaluate(() => [...document.querySelectorAll('.head')].slice(0, 2).map((e) => [e.outerHTML, e.getBoundingClientRect().height, getComputedStyle(e).display, [...e.children].map((c) => c.getBoundingClientRect().height)])));
  const q = await h.open('view=topology&key=container/web', { viewport: NARROW });
  await q.waitForSelector('.wire');
  console.log(await q.evaluate(() => [document.documentElement.scrollWidth, [...document.querySelectorAll('*')].filter((e) => e.getBoundingClientRect().right > 361 && !e.closest('.virtual-list')).map((e) => e.className || e.tagName)]));
});
