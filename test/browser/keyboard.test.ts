import type { Page } from 'playwright-core';
import { beforeEach, expect, it } from 'vitest';
import { useHarness } from './harness.ts';
import { show } from './looks.ts';

// Nothing here touches the pointer.
const harness = useHarness(async (host) => {
  host.world.refuse.set('cni.add bad/back', 1);
  await host.up('bad', ['front', 'back']);
  await host.up('web', ['front'], 8080);
  for (let count = 0; count < 60; count += 1) await host.up(`zz-${count}`, []);
});

let page: Page;

beforeEach(async () => {
  page = await harness.open('view=log');
  return () => page.context().close();
});

const focused = () =>
  page.evaluate<string>(`(() => {
    const e = document.activeElement;
    return e.getAttribute('aria-label') || e.textContent.trim().slice(0, 40) || e.id;
  })()`);

async function tabTo(name: RegExp): Promise<void> {
  for (let presses = 0; presses < 90; presses++) {
    if (name.test(await focused())) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`${name} is not reached by Tab`);
}

it('leads past everything to the view', async () => {
  await page.keyboard.press('Tab');
  expect(await focused()).toBe('To the view');

  await page.keyboard.press('Enter');

  expect(await page.evaluate('document.activeElement.id')).toBe('main');
  expect(page.url()).toContain('view=log');
});

it('chooses an actor, and goes through its records', async () => {
  await tabTo(/^Actors$/);
  await page.keyboard.press('Home');
  await page.waitForURL(/key=container\/bad/);

  await page.keyboard.press('[');
  await page.waitForURL(/at=/);
  await page.keyboard.press('l');
  await page.waitForURL((url) => !url.hash.includes('at='));
  await page.keyboard.press('f');
  await page.locator('#detail-panel .fault').waitFor();

  expect(await page.locator('#detail-panel').innerText()).toContain('test.refused');
});

it('goes to the last actor of many, and back', async () => {
  await show(page, 'view=log&q=kind:container');
  await tabTo(/^Actors$/);
  await page.keyboard.press('End');
  await page.waitForURL(/key=container\/zz-/);
  const list = page.getByRole('listbox', { name: 'Actors' });
  await list.getByRole('option', { selected: true }).waitFor();

  expect(await list.getByRole('option', { selected: true }).getAttribute('aria-posinset')).toBe(
    '62'
  );
  await page.keyboard.press('Home');
  await page.waitForURL(/key=container\/bad/);
});

it.each([
  ['1', 'Chart'],
  ['2', 'Timeline'],
  ['3', 'Sequence'],
  ['4', 'Event log'],
  ['5', 'Topology']
])('shows by %s the view %s', async (key, name) => {
  await tabTo(/^Actors$/);
  await page.keyboard.press('Home');

  await page.keyboard.press(key);

  await page.getByRole('region', { name, exact: true }).waitFor();
});

it('reads the chart as text, and asks a state where it leads', async () => {
  await show(page, 'view=chart&key=container/web');
  await page.getByRole('region', { name: 'Chart', exact: true }).waitFor();
  await tabTo(/^As text$/);
  await page.keyboard.press('Enter');
  await page.locator('.state-tree').waitFor();

  await tabTo(/^up$/);
  await page.keyboard.press('Enter');

  await page.waitForURL(/state=\w+\.up/);
  expect(await page.locator('.state-tree .ways').innerText()).toMatch(/container\.down/);
});

it('opens help, keeps the focus in it, and comes back', async () => {
  await page.keyboard.press('?');
  const dialog = page.getByRole('dialog', { name: 'Help' });
  await dialog.waitFor();
  for (let presses = 0; presses < 8; presses++) await page.keyboard.press('Tab');
  const inside = await page.evaluate(
    `document.activeElement === document.body || document.activeElement.closest('dialog') !== null`
  );
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });

  expect(inside).toBe(true);
});

it('types a search, whatever keys mean elsewhere', async () => {
  await page.keyboard.press('/');
  await page.keyboard.type('is:failed 5l?');

  await expect.poll(() => decodeURIComponent(page.url())).toMatch(/q=is:failed[ +]5l\?/);
  expect(page.url()).toContain('view=log');
});

it('turns through what is told of a record by arrows', async () => {
  await tabTo(/^Actors$/);
  await page.keyboard.press('Home');
  await tabTo(/^Event$/);
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');

  await page.waitForURL(/tab=why/);
  expect(await focused()).toBe('Why');
  await page.locator('#detail-panel .candidates').waitFor();
});
