import type { Clock } from '../kernel/clock.ts';
import type { SigningKey } from '../kernel/key.ts';
import type { Inventories, InventoryReport } from '../kernel/key-proof.ts';
import { privateKeyDueAt } from '../kernel/key-window.ts';
import type { Registry } from '../kernel/registry.ts';
import type { KeyProof, KeyReference, Signer, TokenInspection } from '../kernel/signer.ts';
import type { PlacedCanaryKey } from '../keys/canary-keys.ts';
import { type KeyRingKeeper, referenceTo } from '../keys/key-ring.ts';
import { type Accounts, compareInventory } from './compare.ts';

interface InventoryDeps {
  /** By a process that has just opened the token. */
  readonly inspect: (hsmToken: string, keys: readonly KeyReference[]) => Promise<TokenInspection>;
  readonly signer: Pick<Signer, 'serveAlso' | 'tokens'>;
  readonly keyRing: KeyRingKeeper;
  readonly registry: Pick<Registry, 'unfinishedScopes' | 'reservedKeys'>;
  /** The service's own keys on the token. */
  readonly ownKeys: (hsmToken: string) => Accounts['own'];
  readonly canaries: (hsmToken: string) => CanaryKeysOnToken;
  readonly clock: Clock;
  readonly graceSeconds: number;
  readonly onReport: (report: InventoryReport) => void;
}

/** The decoys on a token, and the ids of those that are being made or may be gone. */
export interface CanaryKeysOnToken {
  readonly standing: readonly PlacedCanaryKey[];
  readonly going: readonly string[];
}

const MOST_FINDINGS = 1_000;

/**
 * Holds an HSM token against the registry. A key that is found and not proven stops serving at once, and the
 * process that serves is made to look as well.
 */
export function createInventories(deps: InventoryDeps): Inventories {
  const { keyRing, signer } = deps;
  const latest = new Map<string, InventoryReport>();
  const underWay = new Map<string, Promise<InventoryReport>>();

  const take = async (hsmToken: string): Promise<InventoryReport> => {
    const before = await accountsOf(deps, hsmToken);
    const keys = before.expected;
    const inspection = await deps.inspect(hsmToken, keys.map(referenceTo));
    const accounts = bothTimes(before, await accountsOf(deps, hsmToken));
    const all = compareInventory(inspection, accounts);
    const report: InventoryReport = {
      hsmToken,
      takenAt: deps.clock.nowSeconds(),
      token: inspection.token,
      objects: inspection.objects.length,
      expected: keys.length,
      proven: inspection.proofs.filter(({ proven }) => proven).length,
      findings: all.slice(0, MOST_FINDINGS),
      omitted: Math.max(0, all.length - MOST_FINDINGS),
    };
    const changed = changedProofs(keyRing, inspection);
    keyRing.applyProofs(changed.filter(({ proven }) => !proven));
    latest.set(hsmToken, report);
    deps.onReport(report);
    const kids = new Set(changed.map(({ kid }) => kid));
    const serving = changed.length > 0 ? keyRing.references().filter(({ kid }) => kids.has(kid)) : [];
    if (serving.length > 0) keyRing.applyProofs(await signer.serveAlso(serving, hsmToken));
    return report;
  };

  return {
    hsmTokens: signer.tokens,
    latest: () => signer.tokens.flatMap((name) => latest.get(name) ?? []),
    take(hsmToken) {
      const joined = underWay.get(hsmToken);
      if (joined) return joined;
      const taking = take(hsmToken).finally(() => underWay.delete(hsmToken));
      underWay.set(hsmToken, taking);
      return taking;
    },
  };
}

/** What the fresh process says otherwise than the one that serves. */
function changedProofs(keyRing: KeyRingKeeper, { proofs }: TokenInspection): readonly KeyProof[] {
  return proofs.filter(({ kid, proven, found }) => {
    const isKnownBad = keyRing.knownKey(kid)?.proof.status === 'unproven';
    return proven ? isKnownBad : found && !isKnownBad;
  });
}

async function accountsOf(deps: InventoryDeps, hsmToken: string): Promise<Accounts> {
  const { keyRing, registry, clock, graceSeconds, ownKeys } = deps;
  const canaries = deps.canaries(hsmToken);
  const keys = keyRing
    .scopes()
    .flatMap(({ id }) => keyRing.scopeKeys(id)?.keys ?? [])
    .filter((key) => key.hsmToken === hsmToken);
  const [there, gone] = partition(
    keys,
    ({ times, state }) => times.privateKeyDestroyed === null && state !== 'destroyed',
  );
  const isGoing = (key: SigningKey) => (privateKeyDueAt(key, graceSeconds) ?? Infinity) <= clock.nowSeconds();
  const [going, expected] = partition(there, isGoing);
  const unfinished = await registry.unfinishedScopes();
  const reserved = [
    ...unfinished.flatMap(({ scopeId, keys }) => keys.map(({ hsmId }) => [hsmId, scopeId] as const)),
    ...(await registry.reservedKeys()).map(({ scopeId, hsmId }) => [hsmId, scopeId] as const),
  ];
  return {
    expected,
    going: new Set([...going.map(({ binding }) => binding.hsmId), ...canaries.going]),
    gone,
    reserved: new Map(reserved),
    own: ownKeys(hsmToken),
    canaries: canaries.standing,
    refusedKids: new Set(keyRing.refusedKeys().map(({ kid }) => kid)),
  };
}

/** Keys come and go while the token is read: what was so at one of the two times is nothing to report. */
function bothTimes(before: Accounts, after: Accounts): Accounts {
  const then = new Set(before.expected.map(({ kid }) => kid));
  const now = new Set(after.expected.map(({ kid }) => kid));
  const [expected, left] = partition(before.expected, ({ kid }) => now.has(kid));
  const made = after.expected.filter(({ kid }) => !then.has(kid));
  const moved = [...left, ...made].map(({ binding }) => binding.hsmId);
  const stood = new Set(before.canaries.map(({ hsmId }) => hsmId));
  const [canaries, planted] = partition(after.canaries, ({ hsmId }) => stood.has(hsmId));
  const abandoned = [...before.reserved.keys()].filter((hsmId) => !after.reserved.has(hsmId));
  const passing = [...moved, ...abandoned, ...planted.map(({ hsmId }) => hsmId)];
  return { ...after, expected, canaries, going: new Set([...before.going, ...after.going, ...passing]) };
}

function partition<T>(all: readonly T[], fits: (each: T) => boolean): readonly [readonly T[], readonly T[]] {
  return [all.filter(fits), all.filter((each) => !fits(each))];
}
