import { spawnSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { openLog } from '../src/log.ts';

const LOG = pathToFileURL('dist/log.js').href;

/** What a process writes to stderr that logs by `log`, and ends at once. */
function written(script: string): readonly unknown[] {
  const code = `import { openLog } from '${LOG}'; const log = openLog({ logLevel: 'info' }); ${script}`;
  const args = ['--input-type=module', '-e', `${code}; process.kill(process.pid, 'SIGKILL');`];
  const { stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return stderr
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as unknown);
}

it('writes what is at its level or above, before the process can die', () => {
  const lines = written(
    `log.debug({}, 'left out'); log.info({ a: 1 }, 'one'); log.error({}, 'two')`
  );

  expect(lines).toMatchObject([
    { level: 30, name: 'mooring', a: 1, msg: 'one' },
    { level: 50, name: 'mooring', msg: 'two' }
  ]);
});

it('is a whole logger of pino', () => {
  const script = `const child = log.child({ part: 'x' }); child.debug('left out'); child.warn('one');
    log.info(log.isLevelEnabled('debug'))`;

  expect(written(script)).toMatchObject([
    { level: 40, part: 'x', msg: 'one' },
    { level: 30, msg: false }
  ]);
});

it('refuses a level that pino does not know', () => {
  expect(() => openLog({ logLevel: 'loud' })).toThrow(
    expect.objectContaining({ code: 'mooring.badOption' })
  );
});
