import { it } from 'vitest';
import { NARROW, useHarness, WIDE } from './harness.ts';
const h = useHarness(async (host) => {
  await host.up('web', ['front', 'back'], 8080);
  host.world.refuse.set('cni.add bad/back', 1);
  await host.up('bad', ['front', 'back']);
  await host.up('lost', ['front', 'back']);
  await host.up('stuck', ['front']);
  host.world.refuse.set('cni.del stuck/front', 9);
  await host.down('stuck');
  for (let i = 0; i < 40; i++) await host.up(`node-${i}`, ['front']);
});
it('x', async () => {
  const which = (process.env['SHOTS'] ?? 'chart timeline sequence log topology').split(' ');
  for (const [size, vp] of [
    ['w', WIDE],
    ['n', NARROW]
  ] as const)
    for (const scheme of (process.env['SCHEMES'] ?? 'light dark').split(' ') as (
      'light' | 'dark'
    )[]) {
      for (const v of which) {
        const p = await h.open(
          `view=${v}&key=container/${process.env['KEY'] ?? 'web'}${process.env['MORE'] ?? ''}`,
          { viewport: vp, colorScheme: scheme }
        );
        p.on('console', (m) => console.log('console', m.text()));
        p.on('pageerror', (e) => console.log('ERR', e.message));
        await p.waitForTimeout(1200);
        if (process.env['CLICK'])
          for (const sel of process.env['CLICK'].split('|')) {
            await p.click(sel);
            await p.waitForTimeout(500);
          }
        await p.screenshot({
          path: `/tmp/shots/${v}-${size}-${scheme}.png`,
          fullPage: false
        });
        await p.context().close();
      }
    }
}, 300000);
