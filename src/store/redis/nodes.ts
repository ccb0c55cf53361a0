/** A server by name or address. */
export interface Node {
  readonly host: string;
  readonly port: number;
}

/**
 * Reads `redis-1:7000,[fd00::2]:7001,10.0.0.3`.
 *
 * @param port of those that name none
 * @returns `undefined` when a part is none, or there is none
 */
export function parseNodes(text: string, port: number): readonly Node[] | undefined {
  const nodes = text.split(',').map((part) => parseNode(part, port));
  return nodes.every((node) => node !== undefined) ? nodes : undefined;
}

const NODE = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/;

function parseNode(text: string, ifAbsent: number): Node | undefined {
  const [, address, name, port] = NODE.exec(text) ?? [];
  const host = address ?? name;
  const number = port === undefined ? ifAbsent : Number(port);
  return host === undefined || number < 1 || number > 65535 ? undefined : { host, port: number };
}
