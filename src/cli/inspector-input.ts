import { usage } from './errors.ts';

/** @throws CliError `cli.usage` */
export function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw usage(`invalid port "${text}", it must be a whole number from 0 to 65535`);
}
