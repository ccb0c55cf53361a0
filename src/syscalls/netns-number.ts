import { encodeAttribute } from './netlink-message.ts';
import { listAddresses, RTM_GETADDR } from './netlink-route.ts';
import { dumpAll, NETLINK_ROUTE, openNetlink } from './netlink-socket.ts';
import { StepError } from './step.ts';

const IFA_TARGET_NETNSID = 10;
const AF_INET = 2;

/**
 * Whether the netns that this one knows by a number still lives.
 *
 * One that nobody uses any more keeps its number and its links until the kernel gets round to it,
 * which takes a while when many end at once. What is asked of it is refused from the beginning.
 *
 * @param number as `ip netns list-id` has it; negative: the kernel has taken it away already
 * @throws {@link StepError} an errno's name, `EACCES`
 * @see get_net_ns_by_id() in the kernel's net/core/net_namespace.c
 */
export function isNetnsAlive(number: number): boolean {
  if (number < 0) return false;
  const head = listAddresses();
  head[0] = AF_INET;
  const value = Buffer.alloc(4);
  value.writeInt32LE(number);
  const payload = Buffer.concat([head, encodeAttribute(IFA_TARGET_NETNSID, value)]);
  const socket = openNetlink(NETLINK_ROUTE);
  try {
    dumpAll(socket, { type: RTM_GETADDR, doing: `ask netns ${number}`, payload });
    return true;
  } catch (error) {
    if (error instanceof StepError && error.code === 'EINVAL') return false;
    throw error;
  } finally {
    socket.close();
  }
}
