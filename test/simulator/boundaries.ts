import { simulate, type Command, type Fault, type Plan, type Run } from '../../src/testing.ts';

/** A course of events that a crash is put into, at each of its points in turn. */
export interface Course {
  readonly name: string;
  readonly commands: readonly Command[];
  readonly faults: readonly Fault[];
  /** Whether the host is a private one. */
  readonly rootless?: true;
}

const host = 'h0';
const web = { container: 'web' } as const;
const up = (...networks: readonly string[]): Command => ({
  ...{ verb: 'up', ...web, networks, ports: networks.length > 0 ? [8080] : [] }
});
const does = (...verbs: readonly ('down' | 'reload' | 'cycle' | 'repair' | 'refresh')[]) =>
  verbs.map((verb): Command => ({ verb, ...web }));
const joins = (verb: 'connect' | 'disconnect', network: string): Command => ({
  ...{ verb, ...web, network }
});
type Plugin = Extract<Fault, { readonly kind: 'plugin' }>;
const refuses = (verb: Plugin['verb'], run: number, times = 1): Fault => ({
  ...{ kind: 'plugin', host, verb, run, times, how: 'refuses', after: 2 }
});
// Between the first command and the second, unless said otherwise.
const happens = (kind: 'netnsGone' | 'linkGone' | 'rulesFlushed'): Fault => ({
  ...{ kind, host, atMs: 1_500, nth: 0 }
});

/** Each way through the charts on which they ask for something. */
export const COURSES: readonly Course[] = [
  course('up and down', [up('front', 'back'), ...does('down')]),
  course('reload', [up('front', 'back'), ...does('reload', 'cycle', 'refresh')]),
  course('membership', [up('front'), joins('connect', 'back'), joins('disconnect', 'front')]),
  course('a refused ADD', [up('front', 'back')], refuses('ADD', 2)),
  course('a refused DEL', [up('front'), ...does('down')], refuses('DEL', 1)),
  course('a DEL refused for good', [up('front'), ...does('down', 'down')], refuses('DEL', 1, 3)),
  course('a refused connect', [up('front'), joins('connect', 'back')], refuses('ADD', 2)),
  course(
    'a connect refused for good',
    [up('front'), joins('connect', 'back')],
    refuses('ADD', 2),
    refuses('DEL', 1, 3)
  ),
  course(
    'a disconnect refused for good',
    [up('front', 'back'), joins('disconnect', 'back')],
    refuses('DEL', 1, 3)
  ),
  course('lost rules', [up('front', 'back'), ...does('repair')], happens('rulesFlushed')),
  course('a lost link', [up('front', 'back'), ...does('repair', 'down')], happens('linkGone')),
  course('a lost netns', [up('front', 'back'), ...does('repair', 'down')], happens('netnsGone')),
  course('a cycle whose ADD is refused', [up('front'), ...does('cycle')], refuses('ADD', 2)),
  course('a cycle whose DEL is refused', [up('front'), ...does('cycle')], refuses('DEL', 1)),
  course('a refused look', [up('front'), ...does('reload')], refuses('examine', 1)),
  course(
    'a disconnect from a lost link',
    [up('front', 'back'), joins('disconnect', 'back'), ...does('down')],
    happens('linkGone')
  ),
  course('a boot', [up('front', 'back'), { verb: 'recover' }], {
    kind: 'reboot',
    host,
    atMs: 1_500
  }),
  course('a shared netns', [
    up('front'),
    { verb: 'up', container: 'db', networks: [], ports: [], shares: 'web' },
    ...does('down'),
    { verb: 'down', container: 'db' }
  ]),
  {
    ...course('a private host', [
      up('front'),
      joins('connect', 'back'),
      joins('disconnect', 'front'),
      ...does('reload', 'cycle', 'down')
    ]),
    rootless: true
  }
];

/** The same course with a crash at its first point, its second, and so on to its last. */
export async function* crashing({ commands, faults, rootless }: Course): AsyncGenerator<Run> {
  for (let point = 1; ; point += 1) {
    const crash = { kind: 'crash', host, process: 0, point } as const;
    const run = await simulate(planOf(commands, [...faults, crash], rootless));
    if (![...run.coverage.faults].some((fault) => fault.endsWith('| crash'))) return;
    yield run;
  }
}

export const PLUGIN_FAULTS = ['refuses', 'garbage', 'hangs', 'late', 'slow'] as const;

const VERBS = ['ADD', 'DEL', 'examine', 'repair', 'sweep'] as const;

/** The same courses with a plugin that fails so, at the first of its runs and at the second. */
export async function* refusing(how: (typeof PLUGIN_FAULTS)[number]): AsyncGenerator<Run> {
  for (const { commands, faults, rootless } of COURSES) {
    for (const verb of VERBS) {
      for (const run of [1, 2]) {
        const fault: Fault = { kind: 'plugin', host, verb, run, times: 1, how, after: 1 };
        const one = await simulate(planOf(commands, [fault, ...faults], rootless));
        if ([...one.coverage.faults].some((hit) => hit.endsWith(`plugin ${how}`))) yield one;
      }
    }
  }
}

function course(name: string, commands: readonly Command[], ...faults: readonly Fault[]): Course {
  return { name, commands, faults };
}

function planOf(
  commands: readonly Command[],
  faults: readonly Fault[],
  rootless: boolean = false
): Plan {
  const networks = ['front', 'back'].map((name) => ({ name, dualStack: false, addresses: 20 }));
  return {
    ...{ seed: 1, store: 'embedded', jitter: 0, faults },
    hosts: [{ name: host, processes: 1, agent: false, rootless, networks }],
    steps: commands.map((command, index) => ({ atMs: index * 3_000, host, process: 0, command }))
  };
}
