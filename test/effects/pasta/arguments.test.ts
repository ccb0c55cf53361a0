import { describe, expect, it } from 'vitest';
import { pastaArguments } from '../../../src/effects/pasta/arguments.ts';
import { readPasta } from '../../../src/effects/pasta/binary.ts';
import { parsePastaOptions } from '../../../src/model/pasta-options.ts';
import { parsePublish } from '../../../src/model/port.ts';

const debian12 = ['--mtu', '--tcp-ports', '--dns-forward', '--ipv4-only', '--no-map-gw', '--debug'];
const newer = [...debian12, '--map-guest-addr'];
const places = { netnsPath: '/run/netns/x', pidFile: '/run/p/pid', keepRoot: false };
const end = '--foreground --pid /run/p/pid --netns /run/netns/x';

const args = (options: string[], ports: string[], known = debian12) =>
  pastaArguments(
    parsePastaOptions(options),
    ports.flatMap(parsePublish),
    new Set(known),
    places
  ).join(' ');

describe('the arguments of pasta', () => {
  it('are podman’s where nothing is asked for', () => {
    expect(args([], [])).toBe(
      `--config-net --dns-forward 169.254.1.1 -t none -u none -T none -U none --no-map-gw --quiet ${end}`
    );
  });

  it('name the host’s address where the build can', () => {
    expect(args([], [], newer)).toContain('--map-guest-addr 169.254.1.2');
    expect(args(['--map-guest-addr', '192.0.2.9'], [], newer)).not.toContain('169.254.1.2');
  });

  it('publish ports with pasta’s own forwards, ranges as ranges', () => {
    const ports = ['8080:80', '127.0.0.1:5000-5009:6000-6009/udp', '[fd00::1]:53:53'];

    expect(args([], ports)).toContain(
      '-t 8080:80 -u 127.0.0.1/5000-5009:6000-6009 -t fd00::1/53:53 --dns-forward'
    );
    expect(args([], ports)).not.toContain('-t none');
  });

  it('leave a default out where something else is asked for', () => {
    const asked = args(['-t', '8080', '--map-gw', '--dns-forward', '192.0.2.3', '--debug'], []);

    expect(asked).toBe(
      `--config-net --tcp-ports 8080 --dns-forward 192.0.2.3 --debug -u none -T none -U none ${end}`
    );
  });

  it('keep the host’s root what it is', () => {
    const kept = pastaArguments({ args: [] }, [], new Set(), { ...places, keepRoot: true });

    expect(kept.join(' ')).toContain('--runas 0:0');
  });

  it('are refused when this build lacks one', () => {
    expect(() => args(['--map-guest-addr', '192.0.2.9'], [])).toThrow(
      expect.objectContaining({
        code: 'pasta.notSupported',
        message: '--map-guest-addr not supported by this pasta'
      })
    );
  });

  it('can’t publish SCTP', () => {
    expect(() => args([], ['8080:80/sctp'])).toThrow(
      "host port 8080/sctp: pasta can't forward protocol sctp"
    );
  });
});

describe('pasta', () => {
  it('is known by its help', () => {
    const help = '  -t, --tcp-ports SPEC\n      --no-map-gw\tDo not\n';

    expect(readPasta('/x', 'pasta unknown version\nCopyright', help)).toEqual({
      path: '/x',
      version: 'pasta unknown version',
      options: new Set(['--tcp-ports', '--no-map-gw'])
    });
  });
});
