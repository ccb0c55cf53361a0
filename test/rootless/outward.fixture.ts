import type { User } from '../sandbox/user.ts';

/** Where a server of the host's surroundings is, and the host itself. */
export const FAR = '192.0.2.2';
export const NEAR = '192.0.2.1';
export const FAR_NETNS = '/run/netns/far';

/** Gives the host a neighbour, reached by its default route. */
export async function withNeighbour(user: User): Promise<void> {
  await user.sh(`
    ip netns add far
    ip link add up0 type veth peer name far0 netns far
    ip link set up0 addrgenmode none
    ip address add ${NEAR}/24 dev up0; ip link set up0 up
    ip -n far address add ${FAR}/24 dev far0; ip -n far link set far0 up; ip -n far link set lo up
    ip address add 2001:db8::1/64 dev up0 nodad; ip -n far address add 2001:db8::2/64 dev far0 nodad
    ip route add default via ${FAR}
    ip -6 route add default via 2001:db8::2`);
}
