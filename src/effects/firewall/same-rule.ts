import { parseAddress, subnetAt, subnetText } from '../../model/subnet.ts';

/**
 * What two spellings of one rule have in common: `-s 10.0.0.5 --jump X` and
 * `-s 10.0.0.5/32 -j X` give the same text.
 *
 * Which matches are loaded and in what order they stand does not matter, as the options say it.
 *
 * @param words of a rule without its chain
 */
export function ruleKey(words: readonly string[]): string {
  return optionsOf(words)
    .filter(({ name }) => name !== '-m')
    .map(({ negated, name, values }) => `${negated ? '! ' : ''}${name} ${valueText(name, values)}`)
    .sort()
    .join('\n');
}

/** Words as `iptables-restore` reads them. */
export function ruleText(words: readonly string[]): string {
  return words.map(quoted).join(' ');
}

interface Option {
  readonly negated: boolean;
  readonly name: string;
  readonly values: readonly string[];
}

const SHORT: Readonly<Record<string, string>> = {
  '--source': '-s',
  '--src': '-s',
  '--destination': '-d',
  '--dst': '-d',
  '--protocol': '-p',
  '--jump': '-j',
  '--goto': '-g',
  '--match': '-m',
  '--in-interface': '-i',
  '--out-interface': '-o',
  '--destination-port': '--dport',
  '--source-port': '--sport',
  '--destination-ports': '--dports',
  '--source-ports': '--sports',
  '--set-mark': '--set-xmark'
};

// Some variants of iptables cut a comment at 255 bytes, others a little before.
const COMMENT_MAX = 240;

function optionsOf(words: readonly string[]): readonly Option[] {
  const options: { negated: boolean; name: string; values: string[] }[] = [];
  let negated = false;
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index]!;
    const last = options.at(-1);
    if (word === '!') {
      negated = true;
    } else if (word.startsWith('-')) {
      options.push({ negated, name: SHORT[word] ?? word, values: [] });
      negated = false;
      // A comment may look like an option.
      if (word === '--comment') options.at(-1)!.values.push(words[(index += 1)] ?? '');
    } else if (last === undefined) {
      options.push({ negated, name: '', values: [word] });
    } else {
      last.values.push(word);
    }
  }
  return options;
}

function valueText(name: string, values: readonly string[]): string {
  const [value = ''] = values;
  switch (name) {
    case '--comment':
      return value.slice(0, COMMENT_MAX);
    case '-s':
    case '-d':
      return networkText(value);
    case '--ctstate':
      return value.split(',').sort().join(',');
    case '--mark':
    case '--set-xmark':
      return value
        .split('/')
        .map((part) => Number(part))
        .join('/');
    default:
      return values.join(' ');
  }
}

function networkText(value: string): string {
  const [address = '', prefix] = value.split('/');
  try {
    const parsed = parseAddress(address);
    const bits = prefix === undefined ? (parsed.family === 4 ? 32 : 128) : Number(prefix);
    return Number.isInteger(bits) ? subnetText(subnetAt(parsed, bits)) : value;
  } catch {
    return value;
  }
}

function quoted(word: string): string {
  if (/^[^\s"'\\]+$/.test(word)) return word;
  return `"${word.replaceAll(/["\\]/g, '\\$&')}"`;
}
