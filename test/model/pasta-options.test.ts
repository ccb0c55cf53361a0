import { describe, expect, it } from 'vitest';
import { parsePastaOptions } from '../../src/model/pasta-options.ts';

const given = (...options: string[]) => parsePastaOptions(options).args;

describe('the options of pasta', () => {
  it('are its own arguments, in every spelling it takes', () => {
    expect(given('--mtu', '1500', '--mtu=1400', '-m', '1300', '-m1200', '-4', '--map-gw')).toEqual([
      { option: '--mtu', value: '1500' },
      { option: '--mtu', value: '1400' },
      { option: '--mtu', value: '1300' },
      { option: '--mtu', value: '1200' },
      { option: '--ipv4-only' },
      { option: '--map-gw' }
    ]);
    expect(given('-T', '5201', '-S', '')).toEqual([
      { option: '--tcp-ns', value: '5201' },
      { option: '--search', value: '' }
    ]);
  });

  it.each([
    '--netns',
    '--userns',
    '--pid=/tmp/x',
    '-P',
    '--runas',
    '-f',
    '--pcap=/tmp/x',
    '-p',
    '-l',
    '-F'
  ])('leave %s to Mooring', (option) => {
    expect(() => given(option)).toThrow(/^option -\S+ of pasta is Mooring's to give$/);
  });

  it.each([
    [['--typo'], 'unknown option for pasta: "--typo"'],
    [['8080'], 'unknown option for pasta: "8080"'],
    [[''], 'unknown option for pasta: ""'],
    [['-'], 'unknown option for pasta: "-"'],
    [['--'], 'unknown option for pasta: "--"'],
    [['-z'], 'unknown option for pasta: "-z"'],
    [['--mtu'], 'option --mtu of pasta needs a value'],
    [['--no-tcp=1'], 'option --no-tcp of pasta takes no value'],
    [['-4x'], 'option --ipv4-only of pasta takes no value'],
    [['--mtu', 'a\nb'], 'invalid value of --mtu for pasta: "a\\nb"']
  ])('refuse %j', (options, message) => {
    expect(() => given(...options)).toThrow(
      expect.objectContaining({ code: 'pasta.badOption', message })
    );
  });
});
