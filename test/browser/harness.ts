import { afterAll, beforeAll } from 'vitest';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { InspectedHost } from '../../src/inspector/server/host.ts';
import { played, type Played } from '../inspector/journals.ts';
import { inspected, type Inspected } from '../inspector/server.ts';
import { openBrowser } from './chromium.ts';
import { hostParts } from './kernel.ts';

/** A browser, and an inspector over a host that is played; there while the tests of a file run. */
export interface Harness {
  readonly browser: Browser;
  readonly host: Played;
  readonly inspector: Inspected;
  /** A page in a context of its own, with the token given to it. */
  open(fragment?: string, options?: BrowserContextOptions): Promise<Page>;
}

export function useHarness(
  prepare: (host: Played) => Promise<void>,
  given: (host: Played) => Partial<InspectedHost> = () => ({})
): Harness {
  const harness = {} as { -readonly [Name in keyof Harness]: Harness[Name] };
  beforeAll(async () => {
    harness.host = played();
    harness.browser = await openBrowser();
    harness.inspector = await inspected(harness.host, {
      ...hostParts(harness.host),
      ...given(harness.host)
    });
    await prepare(harness.host);
    harness.open = async (fragment = '', options = {}) => {
      const context = await harness.browser.newContext({ viewport: WIDE, ...options });
      const page = await context.newPage();
      // A machine under load is slow, and no test is about that.
      page.setDefaultTimeout(30_000);
      await page.goto(addressFor(harness.inspector, fragment));
      await page.waitForSelector('.status-dot.live');
      return page;
    };
  }, 60_000);
  afterAll(async () => {
    await harness.browser?.close();
    await harness.inspector?.close();
  });
  return harness;
}

export const WIDE = { width: 1600, height: 1000 };
export const NARROW = { width: 360, height: 740 };

/** The address as it is printed, with what shall be looked at behind the code. */
export function addressFor({ server }: Inspected, fragment: string): string {
  return fragment === '' ? server.address() : `${server.address()}&${fragment}`;
}
