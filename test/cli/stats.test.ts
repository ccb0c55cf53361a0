import { describe, expect, it } from 'vitest';
import type { ContainerStats, InterfaceStats } from '../../src/model/stats.ts';
import { mooring } from './fake-deps.ts';

const eth0: InterfaceStats = {
  name: 'eth0',
  rxBytes: 1_234_567,
  rxPackets: 10,
  rxErrors: 1,
  rxDropped: 2,
  txBytes: '18446744073709551615',
  txPackets: 20,
  txErrors: 3,
  txDropped: 4
};

const stats = (id: string): Promise<ContainerStats> =>
  Promise.resolve({ id, interfaces: id === 'host' ? null : [eth0] });

describe('mooring stats', () => {
  it('prints sizes for people', async () => {
    const { code, out } = await mooring(['stats', 'web', 'host'], { stats });

    expect(code).toBe(0);
    const [, web, host] = out.split('\n').map((line) => line.split(/ {2,}/));
    expect(web).toEqual(['web', 'eth0', '1.235MB', '10', '1', '2', '18.45EB', '20', '3', '4']);
    expect(host).toEqual(['host', ...Array.from({ length: 9 }, () => '--')]);
  });

  it('prints exact numbers for programs', async () => {
    const { out } = await mooring(['stats', 'web', '--format', 'json'], { stats });

    expect(JSON.parse(out)).toEqual([
      {
        Id: 'web',
        NetInput: 1_234_567,
        NetOutput: '18446744073709551615',
        Network: {
          eth0: {
            RxBytes: 1_234_567,
            RxPackets: 10,
            RxErrors: 1,
            RxDropped: 2,
            TxBytes: '18446744073709551615',
            TxPackets: 20,
            TxErrors: 3,
            TxDropped: 4
          }
        }
      }
    ]);
  });

  it('prints one field of each', async () => {
    const { out } = await mooring(['stats', 'web', 'web', '--format', '{{.NetInput}}'], { stats });

    expect(out).toBe('1234567\n1234567\n');
  });

  it('refuses an unknown format before anything is opened', async () => {
    const { code, err, opened } = await mooring(['stats', 'web', '--format', 'xml'], { stats });

    expect([code, opened.length]).toEqual([125, 0]);
    expect(err).toContain('unknown format "xml"');
  });
});
