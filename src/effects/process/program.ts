/** `PATH` of every program that is started; nothing of ours is inherited. */
export const PROGRAM_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/** How a program ended: one of both is `null`. */
export interface ProgramEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}
