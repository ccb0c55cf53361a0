/** What the records of one actor under one lease have in common. */
export interface Frame {
  readonly host: string;
  readonly boot: string;
  /** `container/web` */
  readonly key: string;
  readonly token: number;
  readonly machine: string;
}

/** The begin of a record, cut without parsing it: comparing text is many times faster. */
export interface Pieces {
  readonly seq: number;
  readonly frame: Frame;
  /** Offset at which the text of the event begins. */
  readonly event: number;
  /**
   * Offset at which that of the requests begins, if the event holds nothing that looks like them.
   * So what seems to be an event is one only if it can be parsed.
   */
  readonly requests: number;
}

/** Cuts the lines of a file where their fields meet. */
export interface Cutter {
  /** @returns `undefined` when the line is laid out otherwise */
  cut(line: string): Pieces | undefined;
}

export function cutter(): Cutter {
  // Records of one actor stand together, so most frames are that of the line before.
  let text = '';
  let frame: Frame | undefined;

  return {
    cut(line) {
      if (!line.startsWith(BEGIN)) return undefined;
      const afterSeq = line.indexOf(',', BEGIN.length);
      const host = line.indexOf(HOST, afterSeq);
      if (host === -1) return undefined;
      const event = eventAfter(line, host);
      const requests = event === -1 ? -1 : line.indexOf(REQUESTS, event);
      if (requests === -1 || frame === undefined) return undefined;
      return {
        seq: Number(line.slice(BEGIN.length, afterSeq)),
        frame,
        event: event + EVENT.length,
        requests: requests + REQUESTS.length - 1
      };
    }
  };

  function eventAfter(line: string, host: number): number {
    const end = host + text.length;
    if (text !== '' && line.startsWith(EVENT, end) && line.slice(host, end) === text) return end;
    const event = line.indexOf(EVENT, host);
    if (event === -1) return -1;
    text = line.slice(host, event);
    frame = parsed(text);
    return event;
  }
}

/** Where the requests of a record begin, before their bracket. */
export const REQUESTS = ',"requests":[';

const BEGIN = '{"v":1,"seq":';
const HOST = ',"host":';
const EVENT = ',"event":';

function parsed(text: string): Frame | undefined {
  try {
    const { key, machine, ...rest } = JSON.parse(`{${text.slice(1)}}`) as Frame;
    if (typeof key !== 'string' || typeof machine !== 'string') return undefined;
    return { key, machine, ...rest };
  } catch {
    return undefined;
  }
}
