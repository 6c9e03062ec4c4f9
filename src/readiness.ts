import type { Clock, TimeGuard } from './domain/clock.ts';
import { KeywardError } from './domain/errors.ts';
import type { Readiness, ReadinessCheck } from './domain/readiness.ts';
import { composeSigningInput } from './token/signing-input.ts';

const CACHED_SECONDS = 5;

export interface ReadinessParts {
  readonly clock: Clock;
  readonly registryKey: { readonly kid: string; sign(signingInput: string): Promise<string> };
  readonly timeGuard: TimeGuard;
  /** A durable write, read back over the other connection. */
  readonly probeStore: () => Promise<void>;
}

/** Really signs in the HSM, records and reads; asked more often than every 5 seconds, it answers from memory. */
export function createReadiness({ clock, registryKey, timeGuard, probeStore }: ReadinessParts): Readiness {
  let cached: { at: number; answer: ReturnType<Readiness['check']> } | undefined;
  const examine = async () => {
    const checks = await Promise.all([
      attempt('sign', 'the HSM signs', () => signProbe(registryKey, clock)),
      attempt('time', 'the clock can be trusted', async () => timeGuard.requireSteadyTime()),
      attempt('record', 'records are durable and read back', probeStore),
    ]);
    return { ready: checks.every(({ ok }) => ok), checks };
  };
  return {
    check() {
      const now = clock.nowSeconds();
      if (!cached || now - cached.at >= CACHED_SECONDS || now < cached.at)
        cached = { at: now, answer: examine() };
      return cached.answer;
    },
  };
}

/** An empty key set of no scope, already expired: it says nothing to anybody. */
function signProbe(registryKey: ReadinessParts['registryKey'], clock: Clock): Promise<string> {
  const iat = clock.nowSeconds();
  const header = { alg: 'ES256', typ: 'jwk-set+jwt', kid: registryKey.kid } as const;
  return registryKey.sign(composeSigningInput(header, JSON.stringify({ iat, exp: iat, keys: [] })));
}

async function attempt(
  name: ReadinessCheck['name'],
  well: string,
  work: () => Promise<unknown>,
): Promise<ReadinessCheck> {
  try {
    await work();
    return { name, ok: true, detail: well };
  } catch (error) {
    return { name, ok: false, detail: error instanceof KeywardError ? error.message : 'failed; see the log' };
  }
}
