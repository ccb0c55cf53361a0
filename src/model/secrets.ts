import { isJsonObject, type Json } from './json.ts';

/** What stands in place of a secret. */
export const HIDDEN = '[hidden]';

/**
 * Hides secrets in what leaves this process: for a page, a recording, another program.
 *
 * A value is one when its name says so (`password`, `apiKey` …) or when it looks like one: a key,
 * a token, the password of a URL. What was found to be one is then hidden in every other text
 * too: a plugin that is given a password may print it.
 */
export interface SecretHider {
  /** The JSON text of a value, without its secrets. */
  text(value: unknown): string;
}

export function secretHider(): SecretHider {
  const known = new Set<string>();
  return {
    text(value) {
      const text = JSON.stringify(value);
      if (!SUSPICIOUS.test(text) && !mentions(known, text)) return text;
      const json = JSON.parse(text) as Json;
      collect(json, known);
      return JSON.stringify(hide(json, '', known));
    }
  };
}

/** Most that is remembered; a host has few, and what only looks like one is not kept. */
const KNOWN_MAX = 1_000;
/** Shorter ones are words of the language. */
const KNOWN_MIN_LENGTH = 6;

const NAMES =
  'pass(?:word|wd|phrase|code)|secret|credential|api[_-]?key|access[_-]?key|private[_-]?key|signing[_-]?key|authorization|cookie|psk|token';
const SECRET_NAME = new RegExp(`(?:^|[^a-z])?(?:${NAMES})s?(?:$|[^a-z])?`, 'i');

// Texts that are secret whatever they are called; what is kept of each is the first group.
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/([a-z][a-z0-9+.-]*:\/\/)[^\s/"@:]*:[^\s/"@]+@/gi, `$1${HIDDEN}@`],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}/g, `$1 ${HIDDEN}`],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, HIDDEN],
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, HIDDEN],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, HIDDEN],
  [/\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|sk-)[\w-]{16,}/g, HIDDEN]
];

// `PASSWORD=…`, `--token …`, `"apiKey": "…"` within a text.
const ASSIGNED = new RegExp(
  `((?:"|\\b|[_-])[\\w.-]*(?:${NAMES})s?["']?\\s*[=:]\\s*["']?)([^\\s"',;&}\\]]+)`,
  'gi'
);

const SUSPICIOUS = new RegExp(
  `${NAMES.replace('|token', '')}|token(?!":\\d)|://[^\\s/"@]*:[^\\s/"@]*@|\\bBearer |\\bBasic |PRIVATE KEY|\\beyJ|\\bA[KS]IA|\\bgh[pousr]_|github_pat_|glpat-|xox[abprs]-|\\bsk-`,
  'i'
);

function mentions(known: ReadonlySet<string>, text: string): boolean {
  for (const secret of known) if (text.includes(secret)) return true;
  return false;
}

function collect(value: Json, known: Set<string>): void {
  if (Array.isArray(value)) {
    const list = value as readonly Json[];
    const [name, said] = list;
    if (isPair(list) && isSecretName(name as string)) remember(said!, known);
    for (const item of list) collect(item, known);
  } else if (isJsonObject(value)) {
    for (const [name, held] of Object.entries(value)) {
      if (isSecretName(name)) remember(held, known);
      collect(held, known);
    }
  } else if (typeof value === 'string') {
    const parsed = parsedFrom(value);
    if (parsed !== undefined) collect(parsed, known);
    for (const [, , secret] of value.matchAll(ASSIGNED)) remember(secret!, known);
  }
}

function remember(secret: Json, known: Set<string>): void {
  if (Array.isArray(secret)) (secret as readonly Json[]).forEach((one) => remember(one, known));
  else if (isJsonObject(secret)) Object.values(secret).forEach((one) => remember(one, known));
  else if (typeof secret === 'string' && secret.length >= KNOWN_MIN_LENGTH && secret !== HIDDEN) {
    if (known.size < KNOWN_MAX) known.add(secret);
  }
}

function hide(value: Json, name: string, known: ReadonlySet<string>): Json {
  if (isSecretName(name)) return hidden(value);
  if (typeof value === 'string') return hideIn(value, known);
  if (Array.isArray(value)) {
    const list = value as readonly Json[];
    if (isPair(list) && isSecretName(list[0] as string)) return [list[0]!, HIDDEN];
    return list.map((item) => hide(item, '', known));
  }
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([field, held]) => [field, hide(held, field, known)])
  );
}

/** A fencing token is a number, and no secret; nor is what says that there is none. */
function hidden(value: Json): Json {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value;
  return HIDDEN;
}

function hideIn(text: string, known: ReadonlySet<string>): string {
  const parsed = parsedFrom(text);
  if (parsed !== undefined) return JSON.stringify(hide(parsed, '', known));
  let rest = text;
  for (const secret of known) rest = rest.replaceAll(secret, HIDDEN);
  for (const [pattern, kept] of PATTERNS) rest = rest.replace(pattern, kept);
  return rest.replace(ASSIGNED, `$1${HIDDEN}`);
}

// What a plugin is given and prints is JSON in a text.
function parsedFrom(text: string): Json | undefined {
  if (!/^\s*[{[]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** `['K8S_SECRET', '…']`: how CNI_ARGS are written down. */
function isPair(list: readonly Json[]): boolean {
  return list.length === 2 && typeof list[0] === 'string' && typeof list[1] === 'string';
}

function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}
