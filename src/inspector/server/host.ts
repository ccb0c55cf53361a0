import type { Mooring } from '../../api.ts';
import type { Json } from '../../model/json.ts';
import type { SeenHost } from '../../model/seen.ts';
import type { ContainerView } from '../../model/view.ts';
import type { Kind, Store } from '../../store/store.ts';
import type { Machines } from '../model/records.ts';

/** What the inspector looks at, given by whoever starts it. */
export interface InspectedHost {
  /** State directory. */
  readonly root: string;
  readonly version: string;
  readonly store: Pick<Store, 'boot' | 'journal' | 'ended' | 'follow' | 'list'>;
  readonly mooring: Pick<Mooring, 'examine' | 'list' | 'gc' | 'networks'>;
  readonly kinds: readonly Kind[];
  readonly machines: Machines;
  /**
   * Looks at the kernel: the host's links, and those in the netns of these containers.
   *
   * @returns `null` where there is no kernel to be seen
   */
  see(containers: readonly ContainerView[]): Promise<SeenHost | null>;
  /** Absent: nothing may be sent. */
  readonly send?: (command: SentCommand) => Promise<Sent>;
}

/** A command as it comes from a page; checked by who sends it. */
export interface SentCommand {
  /** Id of a container. */
  readonly container: string;
  /** `reload`, `repair`, `down` … */
  readonly command: string;
  readonly options: { readonly [name: string]: Json };
}

export interface Sent {
  /** Whether the chart has taken it; then it is in the journal under this correlation. */
  readonly taken: boolean;
  readonly correlation: string;
  /** State in which the container rests now. */
  readonly state: Json;
}
