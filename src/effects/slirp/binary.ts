import { MooringError } from '../../model/failure.ts';
import { remembered, sayOf, type Probe } from '../process/probe.ts';
import { findTool } from '../process/tool.ts';
import type { SlirpBinary, SlirpFeatures } from './slirp.ts';

/** Older ones have memory faults that a container can reach: CVE-2020-29129, CVE-2021-3592 and others. */
export const LIBSLIRP_MIN = '4.7.0';

export interface SlirpSearch {
  /** Absolute path, instead of looking in the system's directories. */
  readonly path?: string;
  /** Whether one below {@link LIBSLIRP_MIN}, or of an unknown version, may be started. */
  readonly allowVulnerable: boolean;
}

/**
 * Where slirp4netns is and what it can do.
 *
 * @throws MooringError `slirp.notFound`, `slirp.probeFailed`, `slirp.tooOld`
 */
export async function slirpBinary({ path, allowVulnerable }: SlirpSearch): Promise<SlirpBinary> {
  const file = path ?? findTool('slirp4netns');
  if (file === undefined) {
    throw new MooringError(
      'slirp.notFound',
      'slirp4netns is not installed: apt-get install slirp4netns'
    );
  }
  const binary = await probe(file);
  if (!allowVulnerable && isBelow(binary.libslirp, LIBSLIRP_MIN)) {
    const version = binary.libslirp === '' ? 'an unknown version' : binary.libslirp;
    throw new MooringError(
      'slirp.tooOld',
      `${file} uses libslirp ${version}, which a container may break out of: ${LIBSLIRP_MIN} is needed`
    );
  }
  return binary;
}

/** Whether a version comes before another; an unknown one, `''`, comes before all. */
export function isBelow(version: string, least: string): boolean {
  if (version === '') return true;
  const [one, other] = [version, least].map((text) => text.split('.').map(Number));
  const place = other!.findIndex((number, index) => number !== (one![index] ?? 0));
  return place !== -1 && (one![place] ?? 0) < other![place]!;
}

/** What `--version` and `--help` say. */
export function readSlirp(path: string, version: string, help: string): SlirpBinary {
  const own = /^slirp4netns version (\d+(?:\.\d+)*)/m.exec(version)?.[1] ?? '';
  return {
    path,
    version: own,
    libslirp: /^libslirp: (\d+(?:\.\d+)*)/m.exec(version)?.[1] ?? '',
    features: featuresOf(help),
    warnings: [
      ...(isBelow(own, '1.3.0')
        ? [`slirp4netns ${own} leaks descriptors over time; 1.3.0 does not`]
        : [])
    ]
  };
}

function featuresOf(help: string): SlirpFeatures {
  const has = (option: string) => help.includes(option);
  return {
    disableHostLoopback: has('--disable-host-loopback'),
    mtu: has('--mtu'),
    enableSandbox: has('--enable-sandbox'),
    enableSeccomp: has('--enable-seccomp'),
    cidr: has('--cidr'),
    outboundAddr: has('--outbound-addr'),
    enableIpv6: has('--enable-ipv6')
  };
}

const probe: Probe<SlirpBinary> = remembered(async (path) => {
  const [version, help] = await Promise.all([
    sayOf(path, '--version', { code: 'slirp.probeFailed', good: [0] }),
    sayOf(path, '--help', { code: 'slirp.probeFailed', good: [0] })
  ]);
  return readSlirp(path, version, help);
});
