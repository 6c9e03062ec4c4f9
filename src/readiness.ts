import type { Clock, TimeGuard } from './domain/clock.ts';
import { KeywardError } from './domain/errors.ts';
import type { Readiness, ReadinessCheck } from './domain/readiness.ts';
import { composeProbe } from './token/probe.ts';

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
      attempt('sign', 'the HSM signs', () =>
        registryKey.sign(composeProbe(registryKey.kid, clock.nowSeconds())),
      ),
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
