import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { line, timed } from './figures.mjs';
import { cost } from './inspector-cost.mjs';
import { writeRecording } from './recording.mjs';

/* global told, DataTransfer, DragEvent, Event, document, location, requestAnimationFrame */

const CONTAINERS = Number(process.env.INSPECTOR_CONTAINERS ?? 10_000);
const RECORDS = Number(process.env.INSPECTOR_RECORDS ?? 1_000_000);

/** The page with a large recording, what it weighs, and what looking costs those who are looked at. */
export async function inspector() {
  const counts = `${CONTAINERS.toLocaleString('en')} containers, ${RECORDS.toLocaleString('en')} events`;
  console.log(`\ninspector (${counts})`);
  weight();
  // Before the recording: a large heap makes every commit slower, and more so by chance.
  await cost();
  await page();
}

function built(name) {
  return new URL(`../dist/inspector/page/${name}`, import.meta.url);
}

function weight() {
  const files = ['index.html', 'page.css', 'page.js', 'worker.js', 'charts.json'];
  const sizes = files.map((name) => [name, gzipSync(readFileSync(built(name))).length / 1024]);
  const total = sizes.reduce((sum, [, size]) => sum + size, 0);
  const each = sizes.map(([name, size]) => `${name} ${size.toFixed(0)}`).join(', ');
  console.log(`  the page, gzipped: ${total.toFixed(0)} KiB (budget 300): ${each}`);
}

async function page() {
  const folder = mkdtempSync('/tmp/mooring-bench-');
  const file = `${folder}/large.jsonl`;
  const bytes = await writeRecording(file, { containers: CONTAINERS, records: RECORDS });
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage']
  });
  try {
    await measurePage(await browser.newPage(), file, bytes);
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true });
  }
}

async function measurePage(tab, file, bytes) {
  tab.setDefaultTimeout(300_000);
  await tab.goto(pathToFileURL(fileURLToPath(built('recording.html'))).href);
  await tab.waitForSelector('.status');
  const paint = await tab.evaluate(
    () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0
  );
  console.log(`  first paint of the page: ${paint.toFixed(0)} ms`);
  await giveFile(tab, file);
  const begun = performance.now();
  await drop(tab);
  await tab.waitForSelector('.actor');
  console.log(`  first actors of the recording: ${(performance.now() - begun).toFixed(0)} ms`);
  await tab.waitForFunction(() =>
    /: [\d,]+ records/.test(document.querySelector('.notice').textContent)
  );
  const ms = performance.now() - begun;
  const rate = Math.round(RECORDS / (ms / 1000)).toLocaleString('en');
  const size = (bytes / 1024 / 1024).toFixed(0);
  console.log(`  all of it (${size} MiB): ${(ms / 1000).toFixed(1)} s, ${rate} events a second`);
  line('  scrub: from the slider to the moment, all actors', await scrubbed(tab));
  line('  a key of the list to the row', await listed(tab));
  await tab.evaluate(() => {
    globalThis.told = () => document.querySelector('.log-view .toolbar')?.textContent?.trim() ?? '';
  });
  const search = await timed(() => searched(tab));
  console.log(`  search of all text by an expression: ${(search / 1000).toFixed(1)} s`);
}

// A file is given by its path, as one who drops it does: its bytes stay where they are.
async function giveFile(tab, file) {
  await tab.evaluate(() => {
    const input = Object.assign(document.createElement('input'), { type: 'file', id: 'given' });
    document.body.append(input);
  });
  await tab.setInputFiles('#given', file);
}

function drop(tab) {
  return tab.evaluate(() => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(document.getElementById('given').files[0]);
    const drop = new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer });
    document.body.dispatchEvent(drop);
  });
}

async function scrubbed(tab) {
  await tab.evaluate(() => (location.hash = 'view=log&all=1'));
  await tab.waitForFunction(
    (total) => document.querySelector('.moment').textContent.includes(total),
    RECORDS.toLocaleString('en')
  );
  const samples = [];
  for (let round = 0; round < 40; round += 1) {
    const to = Math.floor((RECORDS * ((round * 17) % 40)) / 40) + 7;
    samples.push(
      await tab.evaluate(async (position) => {
        const slider = document.querySelector('input[type=range]');
        const wanted = `${(position + 1).toLocaleString('en')} of`;
        const begun = performance.now();
        slider.value = String(position);
        slider.dispatchEvent(new Event('input', { bubbles: true }));
        while (!document.querySelector('.moment').textContent.includes(wanted))
          await new Promise((resolve) => requestAnimationFrame(resolve));
        return performance.now() - begun;
      }, to)
    );
  }
  return samples;
}

async function listed(tab) {
  await tab.focus('[role=listbox][aria-label=Actors]');
  const samples = [];
  for (let round = 0; round < 30; round += 1) {
    samples.push(
      await timed(async () => {
        const before = await tab.evaluate(() => location.hash);
        await tab.keyboard.press(
          { 9: 'End', 19: 'Home' }[round] ?? (round > 9 && round < 19 ? 'ArrowUp' : 'ArrowDown')
        );
        await tab.waitForFunction(
          (hash) => location.hash !== hash && document.querySelector('.actors .row.chosen'),
          before
        );
      })
    );
  }
  return samples;
}

async function searched(tab) {
  await tab.evaluate(() => {
    location.hash = 'view=log&all=1&q=took:>1e9';
  });
  await tab.waitForFunction(() => /^0 records$/.test(told()));
  await tab.evaluate(() => {
    location.hash = `view=log&all=1&q=${encodeURIComponent('/address.*\\.99"/')}`;
  });
  // While it goes on, it says how far it is.
  await tab.waitForFunction(() => /^[1-9][\d,]* records$/.test(told()));
}
