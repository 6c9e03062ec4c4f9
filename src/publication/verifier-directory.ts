import { performance } from 'node:perf_hooks';
import type { Clock } from '../kernel/clock.ts';
import type { WatchedKeyRing } from '../kernel/key.ts';
import type { Obedience, Verifier, VerifierDirectory, VerifierStanding } from '../kernel/publication.ts';
import type { Gauges } from '../metrics/gauges.ts';

const KEPT = 16;

/** When the last few versions of a key set came up, or were first held. Versions only grow, from 1. */
class VersionHistory {
  #changes: { readonly version: number; readonly atMs: number }[] = [];

  /** 0 where there was none. */
  get latest(): number {
    return this.#changes.at(-1)?.version ?? 0;
  }

  /** When the latest came; 0 where there was none. */
  get latestAtMs(): number {
    return this.#changes.at(-1)?.atMs ?? 0;
  }

  /** False where that version, or a later one, is there already. */
  add(version: number, atMs: number): boolean {
    if (version <= this.latest) return false;
    this.#changes.push({ version, atMs });
    if (this.#changes.length > KEPT) this.#changes.shift();
    return true;
  }

  /** When the version or a later one came; of what is forgotten, undefined. */
  firstAtLeast(version: number): number | undefined {
    const at = this.#changes.findIndex((change) => change.version >= version);
    return at === 0 && this.#changes.length === KEPT ? undefined : this.#changes[at]?.atMs;
  }
}

interface VerifierDirectoryDeps {
  readonly keyRing: WatchedKeyRing;
  readonly clock: Clock;
  /** Milliseconds that no change of the wall clock touches. */
  readonly monotonicMs?: () => number;
}

interface Entry extends Verifier {
  connections: number;
  connectedAtMs: number;
  connectedSince: number | null;
  /** Of its connections to other fronts. */
  connectedElsewhereSince: number | null;
  versionSince: number | null;
  lastSeen: number;
  readonly held: VersionHistory;
  /** What it said to this front, or undefined: it is other fronts that know of it. */
  own: { version: number; heldAtMs: number } | undefined;
}

/** What one front knows of a verifier by itself. */
export interface ToldStanding extends Verifier {
  readonly connectedSince: number | null;
  /** 0 where it has not said. */
  readonly version: number;
  /** From the change to that version until it held it; null where the front does not know. */
  readonly tookMs: number | null;
  readonly lastSeen: number;
}

/** One of several fronts knows of the verifiers of all. */
export interface SharedVerifiers extends VerifierDirectory {
  told(): readonly ToldStanding[];
  /** All that the other fronts tell now. */
  follow(told: readonly ToldStanding[]): void;
}

/** More than may be connected, so that those that are not are forgotten first. */
const MOST_VERIFIERS = 16_384;
/** So that one client's made-up instances push out no other's. */
const MOST_OF_ONE_CLIENT = 512;

export function createVerifierDirectory({
  keyRing,
  clock,
  monotonicMs = () => performance.now(),
}: VerifierDirectoryDeps): SharedVerifiers {
  // In the order in which they were last heard of.
  const entries = new Map<string, Entry>();
  /** How many each client has among them. */
  const counts = new Map<string, number>();
  const published = new Map<string, VersionHistory>();

  const note = (scopeId: string) => {
    const history = published.get(scopeId) ?? new VersionHistory();
    published.set(scopeId, history);
    history.add(keyRing.scope(scopeId)?.keySetVersion ?? 0, monotonicMs());
  };
  for (const { id } of keyRing.scopes()) note(id);
  keyRing.changes.subscribe(note);

  const entryOf = (verifier: Verifier): Entry => {
    const name = nameOf(verifier);
    const known = entries.get(name);
    entries.delete(name);
    const { scopeId, clientId, instance } = verifier;
    if (!known) {
      makeRoom(clientId);
      counts.set(clientId, (counts.get(clientId) ?? 0) + 1);
    }
    const fresh = {
      ...{ connections: 0, connectedAtMs: 0, connectedSince: null, connectedElsewhereSince: null },
      ...{ versionSince: null, lastSeen: 0, held: new VersionHistory(), own: undefined },
    };
    const entry: Entry = known ?? { scopeId, clientId, instance, ...fresh };
    entries.set(name, entry);
    return entry;
  };
  const heardHere = (verifier: Verifier) => {
    const entry = entryOf(verifier);
    entry.lastSeen = clock.nowSeconds();
    entry.own ??= { version: 0, heldAtMs: 0 };
    return { entry, own: entry.own };
  };
  /** Forgets who has been silent for longest among those that are not connected. */
  const makeRoom = (clientId: string): void => {
    const hasMany = (counts.get(clientId) ?? 0) >= MOST_OF_ONE_CLIENT;
    if (!hasMany && entries.size < MOST_VERIFIERS) return;
    for (const [name, entry] of entries) {
      if (isConnected(entry) || (hasMany && entry.clientId !== clientId)) continue;
      entries.delete(name);
      const left = (counts.get(entry.clientId) ?? 1) - 1;
      if (left > 0) counts.set(entry.clientId, left);
      else counts.delete(entry.clientId);
      return;
    }
  };
  const ofScope = (scopeId: string | undefined) =>
    [...entries.values()].filter((entry) => scopeId === undefined || entry.scopeId === scopeId);

  return {
    connected(verifier) {
      const { entry } = heardHere(verifier);
      if (entry.connections === 0) entry.connectedAtMs = monotonicMs();
      entry.connections += 1;
      entry.connectedSince ??= clock.nowSeconds();
      let over = false;
      return () => {
        if (over) return;
        over = true;
        entry.connections -= 1;
        entry.lastSeen = clock.nowSeconds();
        if (entry.connections === 0) entry.connectedSince = null;
      };
    },

    holds(verifier, version) {
      const { entry, own } = heardHere(verifier);
      if (entry.held.add(version, monotonicMs())) entry.versionSince = clock.nowSeconds();
      if (version > own.version) Object.assign(own, { version, heldAtMs: monotonicMs() });
    },

    told: () =>
      [...entries.values()].flatMap(({ scopeId, clientId, instance, connectedSince, lastSeen, own }) => {
        if (!own) return [];
        const changedAt = published.get(scopeId)?.firstAtLeast(own.version);
        const tookMs =
          own.version === 0 || changedAt === undefined ? null : Math.max(0, own.heldAtMs - changedAt);
        return [{ scopeId, clientId, instance, connectedSince, version: own.version, tookMs, lastSeen }];
      }),

    follow(told) {
      for (const entry of entries.values()) entry.connectedElsewhereSince = null;
      for (const { connectedSince, version, tookMs, lastSeen, ...verifier } of told) {
        const entry = entries.get(nameOf(verifier)) ?? entryOf(verifier);
        entry.lastSeen = Math.max(entry.lastSeen, lastSeen);
        entry.connectedElsewhereSince = earlier(entry.connectedElsewhereSince, connectedSince);
        const changedAt = published.get(verifier.scopeId)?.firstAtLeast(version);
        const heldAtMs = Math.min(
          monotonicMs(),
          changedAt === undefined || tookMs === null ? Number.POSITIVE_INFINITY : changedAt + tookMs,
        );
        if (!entry.held.add(version, heldAtMs)) continue;
        entry.versionSince = clock.nowSeconds() - Math.round((monotonicMs() - heldAtMs) / 1_000);
      }
    },

    list: (scopeId) =>
      ofScope(scopeId)
        .map((entry) => standing(entry, published.get(entry.scopeId), clock.nowSeconds(), monotonicMs()))
        .sort((a, b) => Number(b.connectedSince !== null) - Number(a.connectedSince !== null)),

    obedience(scopeId, version) {
      const changedAt = published.get(scopeId)?.firstAtLeast(version);
      return ofScope(scopeId).map((entry): Obedience => {
        const { clientId, instance, held } = entry;
        const heldAt = held.firstAtLeast(version);
        const tookMs =
          changedAt === undefined || heldAt === undefined ? null : Math.max(0, heldAt - changedAt);
        return { scopeId, clientId, instance, connected: isConnected(entry), tookMs };
      });
    },
  };
}

function standing(
  entry: Entry,
  published: VersionHistory | undefined,
  nowSeconds: number,
  nowMs: number,
): VerifierStanding {
  const { scopeId, clientId, instance, versionSince, lastSeen, held } = entry;
  const connectedSince = earlier(entry.connectedSince, entry.connectedElsewhereSince);
  const lags = connectedSince !== null && published !== undefined && held.latest < published.latest;
  const connectedAtMs =
    entry.connections > 0 ? entry.connectedAtMs : nowMs - (nowSeconds - Number(connectedSince)) * 1_000;
  const lagsForSeconds = lags ? (nowMs - Math.max(published.latestAtMs, connectedAtMs)) / 1_000 : null;
  const version = held.latest === 0 ? null : held.latest;
  return { scopeId, clientId, instance, connectedSince, version, versionSince, lastSeen, lagsForSeconds };
}

function isConnected({ connections, connectedElsewhereSince }: Entry): boolean {
  return connections > 0 || connectedElsewhereSince !== null;
}

function earlier(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.min(one, other);
}

function nameOf({ scopeId, clientId, instance }: Verifier): string {
  return `${scopeId} ${clientId} ${instance}`;
}

export function verifierGauges(
  keyRing: Pick<WatchedKeyRing, 'scopes'>,
  verifiers: Pick<VerifierDirectory, 'list'>,
): Gauges {
  const countByScope = (counts: (verifier: VerifierStanding) => boolean) => {
    const counted = Map.groupBy(verifiers.list().filter(counts), ({ scopeId }) => scopeId);
    return Object.fromEntries(keyRing.scopes().map(({ id }) => [id, counted.get(id)?.length ?? 0]));
  };
  return {
    verifiersConnected: () => countByScope(({ connectedSince }) => connectedSince !== null),
    verifiersLagging: () => countByScope(({ lagsForSeconds }) => lagsForSeconds !== null),
  };
}
