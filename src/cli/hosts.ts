import type { Command } from 'commander';
import type { HostStatus } from '../index.ts';
import { withMooring } from './open.ts';
import { formatOption, refuseHost } from './options.ts';
import { cell, json, table } from './print.ts';
import type { Session } from './session.ts';

const HEAD = ['HOST', 'AGENT', 'SINCE'];

/** `host ls`, `host takeover`, `host rm` */
export function addHostsCommands(program: Command, session: Session): void {
  const host = program.command('host').description('work with the hosts that share the store');

  host
    .command('ls')
    .description('list the hosts and whether their agents are alive')
    .addOption(formatOption('table', 'json'))
    .action((options: { readonly format: string }, command: Command) =>
      list(session, command, options)
    );

  host
    .command('takeover')
    .description('bring containers of a dead host up here, and print the paths of their netns')
    .argument('<host>', 'name of the host that is dead')
    .argument('<containers...>', 'ids of its containers')
    .action((name: string, ids: string[], _options: object, command: Command) =>
      takeOver(session, command, name, ids)
    );

  host
    .command('rm')
    .description('forget a host that will not return')
    .argument('<host>', 'name of the host')
    .action(async (name: string, _options: object, command: Command) => {
      refuseHost(command);
      await withMooring(session, command, ({ mooring }) => mooring.hosts.forget(name));
      session.print(name);
    });
}

async function list(
  session: Session,
  command: Command,
  { format }: { readonly format: string }
): Promise<void> {
  refuseHost(command);
  const hosts = await withMooring(session, command, ({ mooring }) => mooring.hosts.list());
  if (format === 'json') session.print(json(hosts.map(hostJson)));
  else session.print((await table(HEAD, hosts.map(hostRow))) ?? '');
}

function hostRow({ host, agent }: HostStatus): readonly string[] {
  const since = agent === null ? [] : [new Date(agent.since).toISOString()];
  return [host, agent === null ? 'none' : `pid ${agent.pid}`, cell(since)];
}

function hostJson({ host, agent }: HostStatus): object {
  return {
    Host: host,
    Agent: agent && { Pid: agent.pid, Since: new Date(agent.since).toISOString() }
  };
}

async function takeOver(
  session: Session,
  command: Command,
  host: string,
  ids: readonly string[]
): Promise<void> {
  refuseHost(command);
  await withMooring(session, command, async ({ mooring }) => {
    for (const id of ids) {
      try {
        const { netns } = await mooring.hosts.takeOver(host, id);
        session.print(netns === '' ? 'host' : netns);
      } catch (error) {
        session.fail(error);
      }
    }
  });
}
