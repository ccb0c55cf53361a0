import {
  decodeAttributes,
  decodeList,
  decodeString,
  encodeAttribute,
  findAttribute,
  type NetlinkMessage
} from './netlink-message.ts';
import { ask, dump, NETLINK_NETFILTER, openNetlink, type NetlinkSocket } from './netlink-socket.ts';
import { StepError } from './step.ts';
import { dnatReader, type Dnat } from './nftables-dnat.ts';

const NFNL_SUBSYS_NFTABLES = 10;
const NFT_MSG_GETCHAIN = 4;
const NFT_MSG_GETRULE = 7;
const NFT_MSG_GETGEN = 16;
const NFTA_GEN_ID = 1;
const AF_UNSPEC = 0;
const AF_INET = 2;
const AF_INET6 = 10;
// struct nfgenmsg: family, version, resource id.
const HEAD_BYTES = 4;

const NFTA_CHAIN = { table: 1, name: 3 };
const NFTA_RULE = { table: 1, chain: 2, expressions: 4 };
const NFTA_EXPR = { name: 1, data: 2 };
const NONE = Buffer.alloc(0);

/**
 * What the rules in some chains of a table forward by DNAT, whether `iptables` or `nft` made them,
 * for each of the families in turn.
 *
 * It takes a tenth of a millisecond, where `iptables-save` takes several and a process.
 *
 * @param isWanted says of which chains, by name
 * @throws {@link StepError} an errno's name, where the kernel has no nftables or we may not ask
 */
export function listDnat(
  families: readonly (4 | 6)[],
  table: string,
  isWanted: (chain: string) => boolean
): readonly (readonly Dnat[])[] {
  const socket = openNetlink(NETLINK_NETFILTER);
  try {
    return families.map((family) => {
      let found: Dnat[] = [];
      for (const part of dump(socket, rulesOf(family, table))) {
        if (part === 'again') found = [];
        else found.push(...part.flatMap((message) => decodeDnat(message, isWanted) ?? []));
      }
      return found;
    });
  } finally {
    socket.close();
  }
}

/**
 * A number that every commit of the netns' nftables changes, `iptables-nft`'s too.
 *
 * @throws {@link StepError} an errno's name, where the kernel has no nftables or we may not ask
 */
export function nftablesGeneration(): number {
  const socket = openNetlink(NETLINK_NETFILTER);
  try {
    const { payload } = ask(socket, {
      type: (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETGEN,
      doing: 'ask for the generation of nftables',
      payload: Buffer.from([AF_UNSPEC, 0, 0, 0])
    });
    const generation = findAttribute(payload.subarray(HEAD_BYTES), NFTA_GEN_ID);
    if (generation === undefined) throw new StepError('noGeneration', 'nftables has no generation');
    return generation.readUInt32BE();
  } finally {
    socket.close();
  }
}

/**
 * Whether a table of one of the families has a chain, whether `iptables-nft` or `nft` made it.
 *
 * @throws {@link StepError} an errno's name, where the kernel has no nftables or we may not ask
 */
export function hasChain(families: readonly (4 | 6)[], table: string, chain: string): boolean {
  const socket = openNetlink(NETLINK_NETFILTER);
  try {
    return families.some((family) => answersChain(socket, family, table, chain));
  } finally {
    socket.close();
  }
}

function answersChain(socket: NetlinkSocket, family: 4 | 6, table: string, chain: string): boolean {
  try {
    ask(socket, {
      type: (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETCHAIN,
      doing: `ask for chain ${chain} of table ${table}`,
      payload: Buffer.concat([
        headOf(family),
        encodeAttribute(NFTA_CHAIN.table, Buffer.from(`${table}\0`)),
        encodeAttribute(NFTA_CHAIN.name, Buffer.from(`${chain}\0`))
      ])
    });
    return true;
  } catch (error) {
    // Neither a table nor a chain that is not there is an error here.
    if (error instanceof StepError && error.code === 'ENOENT') return false;
    throw error;
  }
}

function headOf(family: 4 | 6): Buffer {
  return Buffer.from([family === 4 ? AF_INET : AF_INET6, 0, 0, 0]);
}

function rulesOf(family: 4 | 6, table: string) {
  return {
    type: (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETRULE,
    doing: `list rules of table ${table}`,
    payload: Buffer.concat([
      headOf(family),
      encodeAttribute(NFTA_RULE.table, Buffer.from(`${table}\0`))
    ])
  };
}

/** @returns `undefined` for a rule of another chain, and for one without DNAT */
export function decodeDnat(
  { payload }: Pick<NetlinkMessage, 'payload'>,
  isWanted: (chain: string) => boolean
): Dnat | undefined {
  const attributes = payload.subarray(HEAD_BYTES);
  const chain = findAttribute(attributes, NFTA_RULE.chain);
  // There may be tens of thousands of rules, of which few are wanted.
  if (chain === undefined || !isWanted(decodeString(chain))) return undefined;
  const reader = dnatReader();
  for (const expression of decodeList(findAttribute(attributes, NFTA_RULE.expressions) ?? NONE)) {
    const parts = decodeAttributes(expression);
    const name = decodeString(parts.get(NFTA_EXPR.name) ?? NONE);
    reader.read(name, decodeAttributes(parts.get(NFTA_EXPR.data) ?? NONE));
  }
  return reader.found();
}
