import type { Readiness, ReadinessCheck } from '../kernel/capability.ts';
import type { Clock, TimeGuard } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import { FIRST_TOKEN } from '../kernel/key.ts';
import { composeProbe } from '../token/probe.ts';

const CACHED_SECONDS = 5;
const MOST_NAMED = 8;

export interface ReadinessDeps {
  readonly clock: Clock;
  readonly registryKey: { readonly kid: string; sign(signingInput: string): Promise<string> };
  /** Of the further HSM tokens, those that sign and those that do not. */
  readonly furtherTokens: () => ReadonlyMap<string, boolean>;
  /** The scopes that have a key to sign with, and those of them whose signer lacks it. */
  readonly scopes: () => { readonly signing: number; readonly lacking: readonly string[] };
  readonly timeGuard: TimeGuard;
  /** A durable write, read back over the other connection. */
  readonly probeStore: () => Promise<void>;
  /** A record looked up as a verification does. */
  readonly probeLookups: () => Promise<void>;
}

/** Really signs in the HSM, records and reads; asked more often than every 5 seconds, it answers from memory. */
export function createReadiness(deps: ReadinessDeps): Readiness {
  const { clock, timeGuard, probeStore, probeLookups } = deps;
  let cached: { at: number; answer: ReturnType<Readiness['check']> } | undefined;
  const examine = async () => {
    const checks = await Promise.all([
      checkSigning(deps),
      attempt('time', 'the clock can be trusted', async () => timeGuard.requireSteadyTime()),
      attempt('record', 'records are durable and read back', probeStore),
      attempt('verify', 'records can be looked up', probeLookups),
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
async function checkSigning(deps: ReadinessDeps): Promise<ReadinessCheck> {
  const check = await checkTokens(deps);
  const { signing, lacking } = deps.scopes();
  if (!check.ok || lacking.length === 0) return check;
  const named = `${lacking.slice(0, MOST_NAMED).join(', ')}${lacking.length > MOST_NAMED ? ' and others' : ''}`;
  return lacking.length < signing
    ? { ...check, detail: `${check.detail}; the keys of the scopes ${named} are missing or not proven` }
    : { ...check, ok: false, detail: `the HSM lacks the key of every scope: ${named}` };
}

async function checkTokens({ clock, registryKey, furtherTokens }: ReadinessDeps): Promise<ReadinessCheck> {
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
