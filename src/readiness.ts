import type { Clock, TimeGuard } from './domain/clock.ts';
import { KeywardError } from './domain/errors.ts';
import { FIRST_TOKEN } from './domain/hsm-token.ts';
import type { Readiness, ReadinessCheck } from './domain/readiness.ts';
import { composeProbe } from './token/probe.ts';

const CACHED_SECONDS = 5;

export interface ReadinessParts {
  readonly clock: Clock;
  readonly registryKey: { readonly kid: string; sign(signingInput: string): Promise<string> };
  /** Of the further HSM tokens, those that sign and those that do not. */
  readonly furtherTokens: () => ReadonlyMap<string, boolean>;
  readonly timeGuard: TimeGuard;
  /** A durable write, read back over the other connection. */
  readonly probeStore: () => Promise<void>;
}

/** Really signs in the HSM, records and reads; asked more often than every 5 seconds, it answers from memory. */
export function createReadiness(parts: ReadinessParts): Readiness {
  const { clock, timeGuard, probeStore } = parts;
  let cached: { at: number; answer: ReturnType<Readiness['check']> } | undefined;
  const examine = async () => {
    const checks = await Promise.all([
      checkSigning(parts),
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

/** A service that signs for some scopes is ready for them: one token's outage leaves the others' scopes alone. */
async function checkSigning({ clock, registryKey, furtherTokens }: ReadinessParts): Promise<ReadinessCheck> {
  const first = await attempt('sign', 'the HSM signs', () =>
    registryKey.sign(composeProbe(registryKey.kid, clock.nowSeconds())),
  );
  const further = [...furtherTokens()];
  const away = [...(first.ok ? [] : [FIRST_TOKEN]), ...further.flatMap(([name, ok]) => (ok ? [] : [name]))];
  if (away.length === 0 || away.length > further.length) return first;
  return { name: 'sign', ok: true, detail: `the HSM signs, but for its tokens ${away.join(', ')}` };
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
