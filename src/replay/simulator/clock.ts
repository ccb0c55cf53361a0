/** Who does something: a process, a program that it started; `undefined` is the world itself. */
export interface Owner {
  readonly name: string;
  /** What a stopped one would have done meanwhile is done when it goes on; of a dead one nothing is. */
  state: 'running' | 'stopped' | 'dead';
  readonly held: Task[];
}

export interface Task {
  readonly at: number;
  readonly order: number;
  readonly owner: Owner | undefined;
  readonly run: () => void;
  cancelled: boolean;
}

/**
 * Time of its own: nothing waits, and what is next comes at once.
 *
 * A task is run when all that the one before it has set off has come to a halt, so that one seed
 * gives one course of events.
 */
export interface Clock {
  /** Milliseconds since the run began. */
  readonly now: number;
  at(delayMs: number, owner: Owner | undefined, run: () => void): Task;
  /** Resolves after a time; never for one who is dead by then. */
  sleep(delayMs: number, owner: Owner | undefined): Promise<void>;
  stop(owner: Owner): void;
  resume(owner: Owner): void;
  kill(owner: Owner): void;
  /** Until nothing is left to do, or time is up. @returns whether all was done */
  run(untilMs: number): Promise<boolean>;
}

export function newOwner(name: string): Owner {
  return { name, state: 'running', held: [] };
}

/**
 * What never comes: whoever awaits it does nothing any more.
 *
 * Another one each time: one for all would keep whoever has ever awaited it, and with him his whole host.
 */
export function never(): Promise<never> {
  return new Promise(() => undefined);
}

export function newClock(): Clock {
  const heap = taskHeap();
  let [order, steps] = [0, 0];

  // A field, and no getter: each object made with one of its own has a shape of its own, which every
  // look at it has to find out, and which keeps all that the getter sees until the next full collection.
  const clock: Clock & { now: number } = {
    now: 0,
    at(delayMs, owner, run) {
      order += 1;
      const task: Task = { at: clock.now + delayMs, order, owner, run, cancelled: false };
      if (owner?.state !== 'dead') heap.push(task);
      return task;
    },
    sleep: (delayMs, owner) =>
      new Promise((resolve) => {
        clock.at(delayMs, owner, resolve);
      }),
    stop(owner) {
      if (owner.state === 'running') owner.state = 'stopped';
    },
    resume(owner) {
      if (owner.state !== 'stopped') return;
      owner.state = 'running';
      for (const task of owner.held.splice(0)) heap.push(task);
    },
    kill(owner) {
      owner.state = 'dead';
      owner.held.length = 0;
    },
    run: (untilMs) =>
      new Promise((resolve, reject) => {
        const follow = (): void => {
          try {
            const isDone = step(untilMs);
            if (isDone === undefined) settled(follow);
            else resolve(isDone);
          } catch (error) {
            reject(error);
          }
        };
        settled(follow);
      })
  };
  return clock;

  /** @returns whether all is done, when this run ends here */
  function step(untilMs: number): boolean | undefined {
    for (;;) {
      const task = heap.pop();
      if (task === undefined) return true;
      const { at, owner, cancelled } = task;
      if (cancelled || owner?.state === 'dead') continue;
      if (owner?.state === 'stopped') {
        owner.held.push(task);
        continue;
      }
      if (at > untilMs) {
        heap.push(task);
        return false;
      }
      clock.now = Math.max(clock.now, at);
      task.run();
      return undefined;
    }
  }

  /** Goes on when no promise is left to be followed: that is when the next tick comes. */
  function settled(follow: () => void): void {
    steps += 1;
    // The process's own business, signals among it, must come to its turn too.
    if (steps % TURN_EVERY === 0) setImmediate(follow);
    else process.nextTick(asPromise, follow);
  }
}

/** Of ticks the next is done before any promise is followed, of promises each before the next tick. */
function asPromise(follow: () => void): void {
  void RESOLVED.then(follow);
}

const RESOLVED = Promise.resolve();

const TURN_EVERY = 4096;

interface TaskHeap {
  push(task: Task): void;
  pop(): Task | undefined;
}

function taskHeap(): TaskHeap {
  const tasks: Task[] = [];
  const isBefore = (one: Task, other: Task): boolean =>
    one.at < other.at || (one.at === other.at && one.order < other.order);

  return {
    push(task) {
      let index = tasks.length;
      tasks.push(task);
      while (index > 0) {
        const parent = (index - 1) >> 1;
        if (!isBefore(task, tasks[parent]!)) break;
        tasks[index] = tasks[parent]!;
        index = parent;
      }
      tasks[index] = task;
    },

    pop() {
      const [first, last] = [tasks[0], tasks.pop()];
      if (first === undefined || last === undefined || tasks.length === 0) return first;
      let index = 0;
      for (;;) {
        let child = 2 * index + 1;
        if (child >= tasks.length) break;
        if (child + 1 < tasks.length && isBefore(tasks[child + 1]!, tasks[child]!)) child += 1;
        if (!isBefore(tasks[child]!, last)) break;
        tasks[index] = tasks[child]!;
        index = child;
      }
      tasks[index] = last;
      return first;
    }
  };
}
