import type { Duty, Readiness, ReadinessCheck } from '../kernel/capability.ts';
import type { Clock, TimeGuard } from '../kernel/clock.ts';
import { type ErrorCode, KeywardError } from '../kernel/errors.ts';
import { FIRST_TOKEN, type SigningScopes } from '../kernel/key.ts';
import { composeProbe } from '../token/registry-statement.ts';

const CACHED_SECONDS = 5;
const MOST_NAMED = 8;

export interface ReadinessDeps {
  readonly clock: Clock;
  readonly registryKey: { readonly kid: string; sign(signingInput: string): Promise<string> };
  /** Of the further HSM tokens, those that sign and those that do not. */
  readonly furtherTokens: () => ReadonlyMap<string, boolean>;
  readonly scopes: () => SigningScopes;
  readonly timeGuard: TimeGuard;
  /** A durable write, read back over the other connection. */
  readonly probeStore: () => Promise<void>;
  /** A record looked up as a verification does. */
  readonly probeLookups: () => Promise<void>;
}

/** An outage of the HSM takes signing away, and nothing that relying services ask for. */
const NEEDED: Readonly<Record<Duty, ReadonlySet<ReadinessCheck['name']>>> = {
  sign: new Set(['sign', 'time', 'record', 'verify']),
  verify: new Set(['verify']),
};

/** Really signs in the HSM, records and reads; asked more often than every 5 seconds, it answers from memory. */
export function createReadiness(deps: ReadinessDeps): Readiness {
  const { clock, timeGuard, probeStore, probeLookups } = deps;
  let cached: { at: number; checks: Promise<readonly ReadinessCheck[]> } | undefined;
  const examine = () =>
    Promise.all([
      checkSigning(deps),
      attempt('time', 'the clock can be trusted', async () => timeGuard.requireSteadyTime()),
      attempt('record', 'records are durable and read back', probeStore),
      attempt('verify', 'records can be looked up', probeLookups),
    ]);
  return {
    async check(duty) {
      const now = clock.nowSeconds();
      if (!cached || now - cached.at >= CACHED_SECONDS || now < cached.at)
        cached = { at: now, checks: examine() };
      const examined = await cached.checks;
      const checks = duty ? examined.filter(({ name }) => NEEDED[duty].has(name)) : examined;
      return { ready: checks.every(({ ok }) => ok), checks };
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
    : failedCheck('sign', 'key_unproven', `the HSM lacks the key of every scope: ${named}`);
}

async function checkTokens(deps: ReadinessDeps): Promise<ReadinessCheck> {
  const { clock, registryKey, furtherTokens, scopes } = deps;
  const first = await attempt('sign', 'the HSM signs', () =>
    registryKey.sign(composeProbe(registryKey.kid, clock.nowSeconds())),
  );
  const further = [...furtherTokens()];
  const away = [...(first.ok ? [] : [FIRST_TOKEN]), ...further.flatMap(([name, ok]) => (ok ? [] : [name]))];
  if (away.length === 0 || away.length > further.length) return first;
  const signing = [...scopes().hsmTokens];
  if (signing.length > 0 && signing.every((name) => away.includes(name))) {
    const detail = `the key of every scope is on an HSM token that is away: ${signing.join(', ')}`;
    return failedCheck('sign', 'hsm_unavailable', detail);
  }
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
    return error instanceof KeywardError
      ? failedCheck(name, error.code, error.message)
      : failedCheck(name, 'internal', 'failed; see the log');
  }
}

const RUNBOOKS: Readonly<Record<ReadinessCheck['name'], string>> = {
  sign: 'hsm-outage.md',
  time: 'restored-database.md#no-tokens-clock_jump',
  record: 'service.md#the-database-fails-databasefailing',
  verify: 'service.md#the-database-fails-databasefailing',
  database: 'restored-database.md',
  service_keys: 'lost-hsm.md#replace-it',
};

/** Where the code tells more than the name: a latched PIN is no outage. */
const RUNBOOKS_BY_CODE: Readonly<Partial<Record<ErrorCode, string>>> = {
  pin_latched: 'people-and-pins.md#the-pin-is-latched-pin_latched',
  key_unproven: 'keys-in-doubt.md#keyactive_missing',
};

/** Under `docs/`, one of each check and code that has one. */
export const READINESS_RUNBOOKS = [...Object.values(RUNBOOKS), ...Object.values(RUNBOOKS_BY_CODE)];

/** A check that failed, with the runbook that ends it. */
export function failedCheck(name: ReadinessCheck['name'], code: ErrorCode, detail: string): ReadinessCheck {
  const runbook = `docs/runbooks/${RUNBOOKS_BY_CODE[code] ?? RUNBOOKS[name]}`;
  return { name, ok: false, detail, code, runbook };
}
