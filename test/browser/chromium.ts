import { chromium, type Browser } from 'playwright-core';

/** Debian's; headless, and asking nobody outside for anything. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      // Names of foreign sites, and of one that was made to lead here.
      '--host-resolver-rules=MAP *.test 127.0.0.1',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync'
    ]
  });
}
