import { describe, expect, it } from 'vitest';
import {
  interfaceNames,
  parseRoutes4,
  parseRoutes6,
  readHostNetworks
} from '../../../src/effects/networks/host-subnets.ts';
import { subnetText } from '../../../src/model/subnet.ts';

const ROUTE = `Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	0100A8C0	0003	0	0	0	00000000	0	0	0
eth0	0000630A	00000000	0001	0	0	0	00FFFFFF	0	0	0
*	0000000A	00000000	0201	0	0	0	000000FF	0	0	0
`;

const ROUTE6 = `fd000001000000000000000000000000 40 ${'0'.repeat(32)} 00 ${'0'.repeat(32)} 00000100 00000001 00000000 00000001 br0
fe800000000000000000000000000000 40 ${'0'.repeat(32)} 00 ${'0'.repeat(32)} 00000100 00000002 00000000 00000001 br0
${'0'.repeat(32)} 00 ${'0'.repeat(32)} 00 ${'0'.repeat(32)} ffffffff 00000001 00000000 00200200 lo
ff000000000000000000000000000000 08 ${'0'.repeat(32)} 00 ${'0'.repeat(32)} 00000100 00000002 00000000 00000001 br0
`;

describe('host networks', () => {
  it('reads IPv4 routes but the default one, blackholes included', () => {
    expect(parseRoutes4(ROUTE).map(subnetText)).toEqual(['10.99.0.0/24', '10.0.0.0/8']);
  });

  it('reads IPv6 routes that do not belong to every link', () => {
    expect(parseRoutes6(ROUTE6).map(subnetText)).toEqual(['fd00:1::/64']);
  });

  it('is read from the running host', async () => {
    expect(await interfaceNames()).toContain('lo');
    expect((await readHostNetworks()).interfaces).toContain('lo');
  });
});
