import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { MooringError } from '../../model/failure.ts';

/**
 * Who may ask. The address that is printed has a code which is good once; it is exchanged for a
 * token, which is never part of an address and so in no history, log or referrer.
 */
export interface Tokens {
  /** The code that is good now. */
  code(): string;
  /**
   * Uses the code up; the next one is another.
   *
   * @throws MooringError `inspector.badCode`
   */
  exchange(code: unknown): string;
  /** @throws MooringError `inspector.unauthorized` */
  expect(authorization: string | undefined): void;
}

/** Of the newest pages; whoever opens more is asked to open the older ones again. */
const SESSIONS_MAX = 32;

/** @param onUsed told when a code was used up, so that the next can be shown */
export function tokens(onUsed: () => void): Tokens {
  let current = random();
  const sessions: Buffer[] = [];
  return {
    code: () => current,
    exchange(code) {
      if (typeof code !== 'string' || !isSame(digest(code), digest(current))) {
        throw new MooringError(
          'inspector.badCode',
          'this address was used before: the terminal shows the one that is good now'
        );
      }
      current = random();
      const token = random();
      sessions.push(digest(token));
      if (sessions.length > SESSIONS_MAX) sessions.shift();
      onUsed();
      return token;
    },
    expect(authorization = '') {
      const given = digest(authorization.replace(/^Bearer /, ''));
      // All are compared, so that the time tells nothing.
      const known = sessions.filter((session) => isSame(session, given));
      if (known.length === 0)
        throw new MooringError('inspector.unauthorized', 'no token was given that is known');
    }
  };
}

function random(): string {
  return randomBytes(24).toString('base64url');
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function isSame(a: Buffer, b: Buffer): boolean {
  return timingSafeEqual(a, b);
}
