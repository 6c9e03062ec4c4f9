import { setTimeout as pause } from 'node:timers/promises';
import { createVerifier, TokenRefused, type Verifier } from '../../src/client/index.ts';
import type { RunningService } from '../../test/support/running-service.ts';
import { untilTrue } from '../../test/support/tamper/until-true.ts';
import { SCOPE } from './people.ts';

const BETWEEN_ROUNDS_MS = 200;
/** What a service that is away for a while brings about, and no more. */
const OF_A_RECONNECT = new Set([
  'events_lost',
  'key_set_unreachable',
  'acknowledgement_failed',
  'sightings_failed',
]);

export interface Watched {
  readonly verifications: number;
  /** How often each problem was told, by its code. */
  readonly problems: Readonly<Record<string, number>>;
  readonly violations: readonly string[];
}

/** Verifiers of the client library that follow the service, and verify all tokens they know without a pause. */
export class Watch {
  readonly #verifiers: readonly Verifier[];
  readonly #good = new Set<string>();
  readonly #revoked = new Set<string>();
  readonly #problems: Record<string, number> = {};
  readonly #violations = new Set<string>();
  readonly #loops: readonly Promise<void>[];
  #verifications = 0;
  #isOver = false;

  constructor({ dataUrl }: RunningService, credential: string, count: number) {
    this.#verifiers = Array.from({ length: count }, (_, n) =>
      createVerifier({
        url: dataUrl,
        scope: SCOPE,
        issuer: 'https://login.example',
        audience: `https://${SCOPE}.example`,
        credential,
        instance: `verifier-${n}`,
        // Every second one judges each token anew.
        cachedTokens: n % 2 === 0 ? 0 : 1_000,
        onForgery: ({ kid }) => this.#violations.add(`a token of key ${kid} is taken for a forgery`),
        onProblem: ({ code, message }) => {
          this.#problems[code] = (this.#problems[code] ?? 0) + 1;
          if (!OF_A_RECONNECT.has(code)) this.#violations.add(`${code}: ${message}`);
        },
      }),
    );
    this.#loops = this.#verifiers.map((verifier) => this.#verifyAll(verifier));
  }

  /** All that are to be accepted from now on, by every verifier. */
  hold(token: string): void {
    this.#good.add(token);
  }

  /** Takes a token back by `revoke`; once each verifier refuses it, none is to accept it again. */
  async revoke(token: string, revoke: () => Promise<void>): Promise<void> {
    this.#good.delete(token);
    await revoke();
    await untilTrue(async () => {
      const verdicts = await Promise.all(this.#verifiers.map((verifier) => verdictOf(verifier, token)));
      return verdicts.every((verdict) => verdict === 'revoked');
    });
    this.#revoked.add(token);
  }

  /** Until all follow the events of the service. */
  async following(): Promise<void> {
    await untilTrue(async () => this.#verifiers.every((each) => each.status().events === 'following'));
  }

  async end(): Promise<Watched> {
    this.#isOver = true;
    await Promise.all(this.#loops);
    await Promise.all(this.#verifiers.map((verifier) => verifier.close()));
    const [verifications, violations] = [this.#verifications, [...this.#violations]];
    return { verifications, problems: this.#problems, violations };
  }

  async #verifyAll(verifier: Verifier): Promise<void> {
    while (!this.#isOver) {
      for (const token of this.#good) await this.#expect(verifier, token, 'accepted');
      for (const token of this.#revoked) await this.#expect(verifier, token, 'revoked');
      await pause(BETWEEN_ROUNDS_MS);
    }
  }

  async #expect(verifier: Verifier, token: string, expected: 'accepted' | 'revoked'): Promise<void> {
    const verdict = await verdictOf(verifier, token);
    this.#verifications += 1;
    // It may have been revoked meanwhile.
    const isMeant = expected === 'revoked' || this.#good.has(token);
    if (verdict !== expected && isMeant) this.#violations.add(`a token is ${verdict}, and not ${expected}`);
  }
}

/** `accepted`, why it is refused, or why nothing can be said. */
async function verdictOf(verifier: Verifier, token: string): Promise<string> {
  try {
    await verifier.verify(token);
    return 'accepted';
  } catch (error) {
    return error instanceof TokenRefused ? error.reason : String(error);
  }
}
