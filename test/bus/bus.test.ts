import { config } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { createBus, type Envelope } from '../../src/bus/bus.ts';

const envelope = (container: string): Envelope => ({
  key: `container/${container}`,
  event: { type: 'container.down', container },
  causation: 'c',
  correlation: 'c'
});

afterEach(() => {
  config.onUnhandledError = null;
});

describe('the bus', () => {
  it('delivers what is sent while it delivers after what was sent before', () => {
    const bus = createBus(() => undefined);
    const seen: string[] = [];
    bus.route(({ key }) => {
      seen.push(`first ${key}`);
      if (key === 'container/a') bus.send(envelope('b'));
    });
    bus.committed$.subscribe(({ key }) => seen.push(`committed ${key}`));

    bus.send(envelope('a'));
    bus.announce(envelope('a'));

    expect(seen).toEqual(['first container/a', 'first container/b', 'committed container/a']);
  });

  it('goes on, and says so, when the router throws', () => {
    const errors: unknown[] = [];
    const bus = createBus((error) => errors.push(error));
    const seen: string[] = [];
    bus.route(({ key }) => {
      seen.push(key);
      if (seen.length === 1) throw new Error('a mistake');
    });

    bus.send(envelope('a'));
    bus.send(envelope('b'));

    expect(seen).toEqual(['container/a', 'container/b']);
    expect(errors).toHaveLength(1);
  });

  it('serves the other subscribers when one throws, and tells the host', async () => {
    const bus = createBus(() => undefined);
    const seen: string[] = [];
    const unhandled = new Promise((resolve) => {
      config.onUnhandledError = resolve;
    });
    bus.committed$.subscribe(() => {
      throw new Error('a mistake');
    });
    bus.committed$.subscribe(({ key }) => seen.push(key));

    bus.announce(envelope('a'));

    expect(seen).toEqual(['container/a']);
    expect(await unhandled).toMatchObject({ message: 'a mistake' });
  });
});
