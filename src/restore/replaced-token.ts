import { openClockWatch } from '../audit/clock.ts';
import type { WitnessedTrail } from '../audit/find-unwitnessed.ts';
import type { MissingRange } from '../audit/missing-range.ts';
import { refuseRollback, type SinkCheckpoint } from '../audit/refuse-rollback.ts';
import { certifyRun } from '../audit/repair-runs.ts';
import { databaseCheckpoint, readSinkCheckpoints } from '../audit/sink-checkpoints.ts';
import { recordUnwitnessed, requireRegistryOf, walkTrail } from '../audit/start-trail.ts';
import { openAuditKey } from '../hsm/service-keys.ts';
import { FIRST_TOKEN, formerToken, type SigningKey } from '../kernel/key.ts';
import type { PendingServiceKeys, ServiceKeyDecision, StoredKey } from '../kernel/registry.ts';
import type { Scope } from '../kernel/scope.ts';
import { formerKey, type Replacement, successorOf } from '../keys/hsm-replacements.ts';
import { lostWithToken } from '../keys/index.ts';
import { createRegistrySeal, openRegistryKey } from '../keys/registry-key.ts';
import { enrolServiceKeys } from '../keys/routes/service-keys.ts';
import type { AuditPublicKey } from '../token/checkpoint.ts';
import { importPublicKey } from '../token/public-jwk.ts';
import { longestMissingRange, type RollbackCheckDeps, rollbackFoundBy } from './check-rollback.ts';
import type { RecoveryAct } from './recovery-mode.ts';

export type ReplacedTokenDeps = Omit<RollbackCheckDeps, 'registryKey' | 'clockWatch'>;

/** The keys that the registry is signed by, and those that the configuration names in their place. */
interface Successions {
  readonly former: Replacement;
  readonly latest: Replacement;
  /** The lost token's name from now on. */
  readonly token: string;
}

/**
 * Where the configuration names successors of the service keys that signed the registry, nothing is served until two
 * persons enrol them. What the former registry key signed is verified with its public half; what does not verify is
 * not taken over. `registry_refused`, `database_restored`, `invalid_config`.
 */
export async function checkReplacedToken(
  deps: ReplacedTokenDeps,
): Promise<'settled' | 'accepted' | 'stopped'> {
  const { config, store, signer, log } = deps;
  const successions = await successionsOf(deps);
  if (!successions) return 'settled';
  const { former, latest } = successions;
  const auditKey = openAuditKey(config, successorOf('audit', latest), signer);
  const sinkCheckpoints = await readSinkCheckpoints(deps);
  const trail = await walkTrail(deps, sinkCheckpoints, auditKey);
  // Its older rows are signed as well, and would be signed anew.
  await requireRegistryOf(deps, trail);
  const seal = createRegistrySeal(formerKey(former.former.registry_key), signer);
  const { refused } = await store.openRegistry({ seal });
  for (const row of refused) log.fatal(row, 'registry row refused and not used');
  const unseen = await unseenEvents(deps, sinkCheckpoints, auditKey);
  log.fatal(
    { event: 'service_keys.replaced', former: kidsOf(former.former), named: config.hsm.registry_key },
    'The configuration names other service keys than those that signed the registry. Nothing is issued or verified ' +
      'until two operators enrol them: docs/runbooks/lost-hsm.md.',
  );
  const clockWatch = await openClockWatch({ ...deps, auditKey });
  const { waitForDecision } = await import('./recovery-mode.ts');
  return waitForDecision(
    { ...deps, auditKey, clockWatch, sinkCheckpoints },
    {
      recovery: {
        code: 'service_keys_replaced',
        check: 'service_keys',
        why: 'the service keys were replaced; nothing is issued or verified until two operators enrol them',
      },
      unseen,
      act: (held) =>
        enrolServiceKeys({
          heldKeys: openHeldKeys(deps, successions, { trail, refusedRows: refused.length }, held),
        }),
    },
  );
}

async function successionsOf({ config, store }: ReplacedTokenDeps): Promise<Successions | undefined> {
  const { replacements } = config.hsm;
  const row = await store.registry.serviceKey('registry');
  const at = replacements.findIndex(({ former }) => former.registry_key.kid === row?.kid);
  const [former, latest] = [replacements[at], replacements.at(-1)];
  return former && latest && { former, latest, token: formerToken(at + 1) };
}

/** Of an older copy of the database: the restore is for two persons to accept afterwards. */
async function unseenEvents(
  deps: ReplacedTokenDeps,
  sinkCheckpoints: readonly SinkCheckpoint[],
  auditKey: AuditPublicKey,
): Promise<MissingRange['events']> {
  const { audit, recordGaps } = deps;
  const own = databaseCheckpoint(await audit.lastCheckpoint());
  const gaps = recordGaps.list();
  const behind = await rollbackFoundBy(() =>
    refuseRollback(audit, [...sinkCheckpoints, own], auditKey, gaps),
  );
  return behind ? (await longestMissingRange(deps, sinkCheckpoints, auditKey, behind)).events : [];
}

function openHeldKeys(
  { config, store, runs, unwitnessed, signer, clock, log }: ReplacedTokenDeps,
  { former, latest, token }: Successions,
  { trail, refusedRows }: { readonly trail: WitnessedTrail; readonly refusedRows: number },
  held: RecoveryAct,
): PendingServiceKeys {
  const successors = [successorOf('registry', latest), successorOf('audit', latest)] as const;
  const [registry, audit] = successors;
  const before = kidsOf(former.former);
  const keys = () => store.registry.load().then((loaded) => loaded.keys.filter(isHere).length);
  return {
    describe: ({ stolen }) => ({
      before,
      after: {
        registry_key: registry.kid,
        audit_key: audit.kid,
        last_checkpoint: former.last_checkpoint,
        former_token: token,
        stolen,
        refused_rows: refusedRows,
      },
    }),
    async enrol({ reason, stolen }, actor) {
      const details = {
        reason,
        stolen,
        former_registry_key: before.registry_key,
        former_audit_key: before.audit_key,
        registry_key: registry.kid,
        audit_key: audit.kid,
        last_checkpoint: former.last_checkpoint,
        former_token: token,
        keys: await keys(),
        refused_rows: refusedRows,
      };
      // The first thing that the new audit key signs: without it there would be no checkpoints.
      const auditKey = openAuditKey(config, audit, signer);
      await recordUnwitnessed({ unwitnessed, log }, trail);
      await certifyRun({ runs, auditKey, clock });
      const registryKey = openRegistryKey(registry, config.hsm.registry_key, signer);
      await store.enrolServiceKeys({
        seal: createRegistrySeal(registryKey, signer),
        formerRegistryKid: before.registry_key,
        successors,
        formerToken: token,
        keyLost: lost({ stolen }, clock.nowSeconds(), config.keys.grace_seconds),
        actor,
        details,
        told: held.recordedEvents(),
      });
      held.done();
      return details;
    },
  };
}

function isHere({ hsmToken, state }: StoredKey): boolean {
  return hsmToken === FIRST_TOKEN && state !== 'destroyed';
}

function lost({ stolen }: Pick<ServiceKeyDecision, 'stolen'>, now: number, graceSeconds: number) {
  return (stored: StoredKey, { policy }: Scope): SigningKey => {
    const key = { ...stored, publicKey: importPublicKey(stored.publicJwk) };
    return lostWithToken(key, { now, policy, graceSeconds }, stolen);
  };
}

function kidsOf({ registry_key, audit_key }: Replacement['former']) {
  return { registry_key: registry_key.kid, audit_key: audit_key.kid };
}
