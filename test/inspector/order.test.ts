import { expect, it } from 'vitest';
import { inCausalOrder } from '../../src/inspector/model/order.ts';
import { isCommand } from '../../src/bus/events.ts';
import { played } from './journals.ts';

it('tells causes before what they led to, though all happen in one millisecond', async () => {
  const host = played();
  await host.up('web', ['front', 'back'], 8080);
  await host.down('web');
  const records = (await host.records()).map((record) => ({ ...record, time: 0 }));
  const mixed = records.toSorted((a, b) => (a.hash < b.hash ? -1 : 1));

  const ordered = inCausalOrder(mixed);

  const at = new Map(ordered.map((record, index) => [record, index]));
  const asked = new Map(
    ordered.flatMap((record) => record.requests.map(({ id }) => [id, record] as const))
  );
  expect(ordered).toHaveLength(records.length);
  for (const record of ordered) {
    const asker = asked.get(record.causation ?? '');
    if (asker !== undefined) expect(at.get(asker)).toBeLessThan(at.get(record)!);
    const earlier = ordered.filter(({ key, seq }) => key === record.key && seq < record.seq);
    for (const other of earlier) expect(at.get(other)).toBeLessThan(at.get(record)!);
    const commands = ordered.filter(
      ({ causation, event }) => causation === record.causation && isCommand(event)
    );
    if (isCommand(record.event)) continue;
    for (const command of commands) expect(at.get(command)).toBeLessThan(at.get(record)!);
  }
});
