/**
 * @typedef {object} Step What a process did with a lock; times are microseconds of one clock for all.
 * @property {'enter' | 'effect' | 'commit' | 'refused' | 'fenced'} what
 * @property {string} process
 * @property {string} key
 * @property {number} token
 * @property {number} from Before it was asked or looked whether it may.
 * @property {number} at When it was known to be so.
 */

/**
 * Looks in a history for what a lock must prevent. A step counts from before its process looked
 * whether it may: one that was stopped between the look and the step is no finding, and one that
 * is found did look, or should have, after another had the lock already.
 *
 * @param {readonly Step[]} steps
 * @returns {string[]}
 */
export function check(steps) {
  const byKey = new Map();
  for (const step of steps) byKey.set(step.key, [...(byKey.get(step.key) ?? []), step]);
  return [...byKey.values()].flatMap(checkKey);
}

function checkKey(steps) {
  const entered = steps.filter(({ what }) => what === 'enter');
  return [
    ...twice(entered),
    ...behind(entered, entered, 'was given'),
    ...behind(
      steps.filter(({ what }) => what === 'effect'),
      entered,
      'began an effect'
    ),
    ...behind(
      steps.filter(({ what }) => what === 'commit'),
      steps.filter(({ what }) => what === 'commit'),
      'wrote'
    )
  ];
}

function twice(entered) {
  const tokens = new Set();
  return entered.flatMap((step) => {
    if (tokens.has(step.token)) return [`${text(step)} was given a token for the second time`];
    tokens.add(step.token);
    return [];
  });
}

/** Steps that began after somebody with a greater token had done the like. */
function behind(steps, others, did) {
  const ends = others.toSorted((a, b) => a.at - b.at);
  const findings = [];
  let [next, greatest] = [0, undefined];
  for (const step of steps.toSorted((a, b) => a.from - b.from)) {
    for (; next < ends.length && ends[next].at < step.from; next += 1) {
      if (greatest === undefined || ends[next].token > greatest.token) greatest = ends[next];
    }
    if (greatest !== undefined && greatest.token > step.token) {
      findings.push(`${text(step)} ${did} after ${text(greatest)}`);
    }
  }
  return findings;
}

function text({ process, key, token }) {
  return `${process} with token ${token} of ${key}`;
}
