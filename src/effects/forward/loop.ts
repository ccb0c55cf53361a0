import { EPOLLERR, EPOLLHUP, openEpoll } from '../../syscalls/epoll.ts';

/** One file that is waited for. */
export interface Watch {
  /** Which events are told from now on; errors and hang-ups are in any case. */
  set(events: number): void;
  /**
   * Tells nothing any more until {@link set} asks for something: for one that has hung up while nothing is
   * to be done, which would be told again and again.
   */
  pause(): void;
  /** For good. The file may be closed after it, not before. */
  end(): void;
}

/** Calls who waits for files and for time, one after the other, in the calling thread. */
export interface Loop {
  watch(fd: number, events: number, handle: (events: number) => void): Watch;
  /** Once, so many milliseconds from now; a timer is never given up. */
  after(ms: number, call: () => void): void;
  /** Milliseconds, of when the loop last woke up. */
  now(): number;
  /** Until `isEnding` says so. */
  run(isEnding: () => boolean): void;
  close(): void;
}

interface Timer {
  readonly at: number;
  readonly call: () => void;
}

export function openLoop(): Loop {
  const epoll = openEpoll();
  const handlers = new Map<number, (events: number) => void>();
  let timers: Timer[] = [];
  let woken = performance.now();
  let lastId = 0;

  // The number of a closed file is soon another's, whose events must not be taken for its own: so
  // each has a number of ours, which is used once.
  const nextId = () => {
    do lastId = (lastId + 1) % 0x1_0000_0000;
    while (handlers.has(lastId));
    return lastId;
  };
  const tell = (id: number, events: number) => handlers.get(id)?.(events);

  function callTimers(): void {
    const due = timers.filter(({ at }) => at <= woken);
    if (due.length === 0) return;
    timers = timers.filter(({ at }) => at > woken);
    for (const { call } of due) call();
  }

  return {
    watch(fd, events, handle) {
      const id = nextId();
      let state: number | 'paused' = events;
      handlers.set(id, handle);
      epoll.add(fd, id, events);
      return {
        set(wanted) {
          if (wanted === state || (state === 'paused' && wanted === 0)) return;
          if (state === 'paused') epoll.add(fd, id, wanted);
          else epoll.change(fd, id, wanted);
          state = wanted;
        },
        pause() {
          if (state !== 'paused') epoll.remove(fd);
          state = 'paused';
        },
        end() {
          handlers.delete(id);
          if (state !== 'paused') epoll.remove(fd);
          state = 'paused';
        }
      };
    },
    after(ms, call) {
      timers.push({ at: performance.now() + ms, call });
    },
    now: () => woken,
    run(isEnding) {
      while (!isEnding()) {
        const next = timers.reduce((first, { at }) => Math.min(first, at), Infinity);
        const wait = next === Infinity ? -1 : Math.max(0, Math.ceil(next - performance.now()));
        epoll.wait(wait, tell);
        woken = performance.now();
        callTimers();
      }
    },
    close: () => epoll.close()
  };
}

/** Whether the file is of no more use. */
export function isBroken(events: number): boolean {
  return (events & EPOLLERR) !== 0;
}

export function isHungUp(events: number): boolean {
  return (events & EPOLLHUP) !== 0;
}
