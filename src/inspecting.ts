import { nanoid } from 'nanoid';
import type { AttachmentInput, Mooring, MooringOptions } from './api.ts';
import { KINDS, MACHINES } from './actors/machines.ts';
import type { Registry } from './actors/registry.ts';
import type { ContainerCommand } from './bus/events.ts';
import type { Commands } from './commands.ts';
import type { Parts } from './compose.ts';
import { containerKey } from './container-rest.ts';
import type { InspectedHost, Sent, SentCommand } from './inspector/server/host.ts';
import { serve } from './inspector/server/server.ts';
import { MooringError } from './model/failure.ts';
import { version } from './version.ts';

/** A running inspector. */
export interface Inspector {
  /** Where the page is; the code in it is good once. */
  address(): string;
  close(): Promise<void>;
}

export interface InspectorOptions extends MooringOptions {
  /** Of 127.0.0.1; 0, the default: one that is free. */
  readonly port?: number;
  /** Whether commands may be sent from the page; default `false`. */
  readonly allowSend?: boolean;
  /** Where every event is sent to in Stately's format: a WebSocket's URL. Default: nowhere. */
  readonly stately?: string;
  /** Told when an address was used, so that the next can be shown. */
  readonly onAddressUsed?: () => void;
  /** Told of what goes wrong while it runs: journals that can't be followed, a lost connection. */
  readonly onError?: (error: unknown) => void;
}

/** What an inspector is started with. */
export interface InspectorParts {
  readonly parts: Parts;
  readonly mooring: Mooring;
  readonly commandsWith: (registry: Registry) => Commands;
}

/** @throws MooringError `inspector.portInUse`, `inspector.failed`, `inspector.badOption` */
export async function startInspector(
  { parts, mooring, commandsWith }: InspectorParts,
  options: InspectorOptions
): Promise<Inspector> {
  const { store, registry, settings, log } = parts;
  const onError = (error: unknown) => {
    log.error({ err: error }, 'the inspector');
    options.onError?.(error);
  };
  if (options.allowSend && settings.readOnly) {
    throw new MooringError(
      'inspector.badOption',
      'what is opened to be read only can send no commands'
    );
  }
  const host: InspectedHost = {
    ...{
      root: settings.root,
      version: version(),
      store,
      mooring,
      kinds: KINDS,
      machines: MACHINES
    },
    // From outside of the private host there is nothing of its kernel to be seen.
    see: async (containers) => (settings.place.kind === 'outside' ? null : parts.see(containers)),
    ...(options.allowSend && {
      send: (command) => sendCommand(command, { registry, commandsWith })
    })
  };
  return serve(host, {
    port: portOf(options.port ?? 0),
    ...(options.stately !== undefined && { stately: statelyUrl(options.stately) }),
    onUsed: () => options.onAddressUsed?.(),
    onError
  });
}

/** @throws MooringError `inspector.badOption` */
export function statelyUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isSocket = url?.protocol === 'ws:' || url?.protocol === 'wss:';
  // A password in an address would be printed when it is told where the data goes.
  if (url !== null && isSocket && url.username + url.password === '') return text;
  throw new MooringError(
    'inspector.badOption',
    'stately must be the URL of a WebSocket, such as ws://127.0.0.1:8080, without a password'
  );
}

function portOf(port: number): number {
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new MooringError(
    'inspector.badOption',
    `port ${port} must be a whole number from 0 to 65535`
  );
}

export interface Sending {
  readonly registry: Registry;
  readonly commandsWith: (registry: Registry) => Commands;
}

/** By the verbs, which check it; the journal has it under a correlation that tells where it came from. */
export async function sendCommand(
  { container, command, options }: SentCommand,
  { registry, commandsWith }: Sending
): Promise<Sent> {
  const correlation = `inspector-${nanoid()}`;
  let [taken, state] = [false, null as Sent['state']];
  const marked: Registry = {
    ...registry,
    async ask(key, event, asked = {}) {
      const cause = { causation: correlation, correlation };
      const onTaken = () => {
        taken = true;
        asked.onTaken?.();
      };
      const rest = await registry.ask(key, event, { ...asked, cause, onTaken });
      state = rest.value;
      return rest;
    }
  };
  await carryOut({ container, command, options }, commandsWith(marked), marked);
  return { taken, correlation, state };
}

async function carryOut(
  { container, command, options }: SentCommand,
  commands: Commands,
  registry: Registry
): Promise<unknown> {
  const full = options['full'] === true;
  switch (command) {
    case 'reload':
      return commands.reload(container, { full });
    case 'repair':
      return commands.repair(container, { because: 'asked for in the inspector' });
    case 'refresh':
      return commands.refresh(container);
    case 'start':
      return commands.start(container, undefined);
    case 'down':
      return commands.down(container, { forget: options['forget'] === true });
    case 'connect':
      // Parsed by the verb, as all that comes from outside.
      return commands.connect(container, options as unknown as AttachmentInput);
    case 'disconnect':
      return commands.disconnect(container, networkIn(options));
    case 'retry': {
      const event: ContainerCommand = { type: 'container.retry', container };
      return registry.ask(containerKey(container), event);
    }
    default:
      throw new MooringError('inspector.badRequest', `command ${command} is not known`);
  }
}

function networkIn({ network }: SentCommand['options']): string {
  if (typeof network === 'string') return network;
  throw new MooringError('inspector.badRequest', 'network must be the name of one');
}
