import { expect, it } from 'vitest';
import { commandsOf } from '../../src/commands.ts';
import { sendCommand } from '../../src/inspecting.ts';
import { hostParts } from './kernel.ts';
import { useHarness } from './harness.ts';
import { faultsIn, show } from './looks.ts';

const harness = useHarness(
  async (host) => {
    await host.up('web', ['front'], 8080);
    await host.up('lost', ['front', 'back']);
  },
  (host) => ({
    ...hostParts(host),
    send: (command) =>
      sendCommand(command, {
        registry: host.process.registry,
        commandsWith: (registry) =>
          commandsOf({
            ...{ registry, store: host.process.store, readOnly: false },
            ensureDefaultNetwork: () => Promise.resolve('front'),
            networkName: (name) => Promise.resolve(name),
            startTimeOf: () => undefined
          })
      })
  })
);

it('sends a command once its container is named again, and the journal says where it came from', async () => {
  const page = await harness.open('view=log&key=container/web');
  await page.getByRole('button', { name: 'Send' }).click();
  const dialog = page.getByRole('dialog', { name: 'Send to web' });
  await dialog.getByLabel('Command').selectOption('down');
  const send = dialog.getByRole('button', { name: 'Send down' });
  const confirm = dialog.getByLabel(/Type the name/);

  await confirm.fill('we');
  expect(await send.isDisabled()).toBe(true);
  await confirm.fill('web');
  expect(await faultsIn(page)).toEqual([]);
  await send.click();
  await dialog.getByText(/Taken, and in the journal as inspector-/).waitFor();

  const said = await dialog.getByRole('status').innerText();
  const correlation = /inspector-[\w-]+\w/.exec(said)![0];
  const records = (await harness.host.records()).filter((one) => one.correlation === correlation);
  expect(records.map(({ key, event }) => `${key} ${event.type}`)).toContain(
    'container/web container.down'
  );
  await dialog.getByRole('button', { name: 'Close' }).click();
  await page.getByRole('option').filter({ hasText: 'container.down' }).waitFor();
  await page.context().close();
});

it('says what is missing in the kernel on the very thing that is', async () => {
  const page = await harness.open('view=topology&key=container/lost&tab=kernel');

  await page.locator('tr.differs').filter({ hasText: 'eth0' }).waitFor();
  expect(await page.locator('.topology-view .badge.bad').first().innerText()).toBe('1 difference');
  expect(await page.getByRole('cell', { name: 'no', exact: true }).count()).toBeGreaterThan(0);
  await page.context().close();
});

it('lists what is left over, with the step that made it', async () => {
  const page = await harness.open('view=topology');

  await page.getByRole('button', { name: 'What is left over' }).click();

  const table = page.getByRole('group', { name: 'What is left over' });
  await table.getByText('front eth0 10.90.0.9').waitFor();
  expect(await faultsIn(page)).toEqual([]);
  await page.context().close();
});

it('tells why nothing happened, and what another event would do', async () => {
  const page = await harness.open();
  await harness.host.tell({ type: 'container.retry', container: 'lost' });
  await show(page, 'view=chart&key=container/lost&tab=why');
  const panel = page.locator('#detail-panel');
  await panel.locator('.candidates, .none').first().waitFor();

  await panel.getByLabel('Event').selectOption('container.down');
  await panel.getByRole('button', { name: 'Try it' }).click();

  await panel.getByText('to container.tearingDown').first().waitFor();
  expect(await panel.locator('.badge.refused, .badge.taken').count()).toBeGreaterThan(0);
  await page.context().close();
});

it('answers what stands on an arrow, with what its guard said', async () => {
  const page = await harness.open('view=chart&key=container/lost');
  await page.locator('.drawing .traced').first().waitFor({ state: 'attached' });

  await page.locator('.drawing text[data-transitions]').first().hover();

  await page
    .locator('.card')
    .getByText(/not asked by this event|yes|no/)
    .first()
    .waitFor();
  await page.context().close();
});

it('follows what happens, steps back from it, and comes back to now', async () => {
  const page = await harness.open('view=chart&key=container/later');
  await harness.host.up('later', ['front']);
  await page.locator('.drawing [data-state="container.up"].active').waitFor({ state: 'attached' });

  await page.getByRole('button', { name: 'First record' }).click();
  await page
    .locator('.drawing [data-state^="container.creating"].active')
    .first()
    .waitFor({ state: 'attached' });
  await page.getByRole('slider', { name: 'Moment' }).press('End');
  await page.locator('.drawing [data-state="container.up"].active').waitFor({ state: 'attached' });
  await page.getByRole('button', { name: 'Live' }).click();

  await page.waitForURL((url) => !url.hash.includes('at='));
  await page.context().close();
});

it('shows how much was dropped before it could be told', async () => {
  const page = await harness.open();
  let isTold = false;
  await page.route('**/api/feed?*', async (route) => {
    if (isTold) return route.continue();
    isTold = true;
    return route.fulfill({ body: '{"dropped":7}\n', contentType: 'application/x-ndjson' });
  });

  await page.reload();

  await page.getByText('7 records dropped').waitFor();
  await page.context().close();
});

it('says that it is cut off, and goes on when it is not', async () => {
  const page = await harness.open();
  let isCut = true;
  await page.route('**/api/feed?*', (route) => (isCut ? route.abort() : route.continue()));
  await page.reload();
  await page.getByText('connection lost, trying again').waitFor();

  isCut = false;

  await page.waitForSelector('.status-dot.live');
  await page.context().close();
});
