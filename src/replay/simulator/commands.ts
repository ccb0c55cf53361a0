import type { UpInput } from '../../api.ts';
import { MooringError } from '../../model/failure.ts';
import type { Command } from './plan.ts';
import type { SimProcess } from './process.ts';

/**
 * Does what a user asks for.
 *
 * @returns how it ended: the state that it led to, or the code of what was refused
 * @throws whatever is thrown and is no error of ours
 */
export async function perform(process: SimProcess, command: Command): Promise<string> {
  try {
    return await outcomeOf(process, command);
  } catch (error) {
    if (error instanceof MooringError) return error.code;
    throw error;
  }
}

async function outcomeOf({ commands, recover }: SimProcess, command: Command): Promise<string> {
  switch (command.verb) {
    case 'up':
      return (await commands.up(inputOf(command), undefined)).state;
    case 'create':
      return (await commands.create(inputOf(command))).state;
    case 'start':
      return (await commands.start(command.container, undefined)).state;
    case 'down':
      await commands.down(command.container, {});
      return 'down';
    case 'remove':
      await commands.down(command.container, { forget: true });
      return 'removed';
    case 'reload':
      return (await commands.reload(command.container, {})).state;
    case 'cycle':
      return (await commands.reload(command.container, { full: true })).state;
    case 'repair':
      return (await commands.repair(command.container, {})).state;
    case 'refresh':
      return (await commands.refresh(command.container)).state;
    case 'connect':
      return (await commands.connect(command.container, { name: command.network })).state;
    case 'disconnect':
      return (await commands.disconnect(command.container, command.network)).state;
    case 'recover':
      await recover();
      return 'recovered';
  }
}

/** `up web front,back :8080` */
export function commandText(command: Command): string {
  const { verb } = command;
  if (verb === 'recover') return verb;
  const details =
    verb === 'up' || verb === 'create'
      ? [
          command.networks.join(),
          ...command.ports.map((port) => `:${port}`),
          ...(command.shares === undefined ? [] : [`with ${command.shares}`])
        ]
      : 'network' in command
        ? [command.network]
        : [];
  return [verb, command.container, ...details].filter((word) => word !== '').join(' ');
}

function inputOf(command: Extract<Command, { readonly verb: 'up' | 'create' }>): UpInput {
  const { container, networks, ports, shares } = command;
  return {
    id: container,
    networks: networks.length === 0 ? 'none' : networks.map((name) => ({ name })),
    ports: ports.map((hostPort) => ({ hostPort, containerPort: 80 })),
    ...(shares !== undefined && { netns: { container: shares } })
  };
}
