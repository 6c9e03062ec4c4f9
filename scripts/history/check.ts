import { AUDIT_GENESIS, auditEventHash } from '../../src/kernel/audit-chain.ts';
import { linkFault, rowsFault } from '../../src/kernel/ledger-chain.ts';
import type { Dump, HashedEvent } from './dump.ts';
import type {
  Compromise,
  Ended,
  Fault,
  Impaired,
  Issue,
  KeyFacts,
  Keys,
  Operation,
  PinRejected,
  Revoke,
  Verify,
} from './record.ts';
import { recoveryAt } from './recovery.ts';

export const PROPERTIES = {
  P1: 'an acknowledged token has exactly one record, which its group covers',
  P2: 'an acknowledged token is refused for what was done to it or for its age, never as never_issued',
  P3: 'no jti, digest or place twice',
  P4: 'no token of a key is released once its compromise is acknowledged, and none is recorded behind it',
  P5: 'nothing is accepted once its revocation, or the compromise of its key, is acknowledged; by another front after 1 s, by one that a fault hit after 6 s',
  P6: 'states go forward only, and one key of a scope is active',
  P8: 'whatever is never_issued was forged, and each forgery shown is found',
  P10: 'the chains verify, no front calls one broken, and each sink is a prefix of the trail',
  P12: 'each security event is told within 20 s, and by another front again only after a fault',
  P13: 'each front releases tokens again within 10 s of the end of a fault, or 20 s where it had to be started again',
  P14: 'a front that is cut off from the database accepts nothing after 6 s',
  P15: 'of all fronts one has its PIN rejected, until people clear it',
  P16: 'after a loss of acknowledged records nothing is issued behind it',
  P17: 'a front that serves ends by itself only where it has lost its place',
} as const;
export type Property = keyof typeof PROPERTIES;

export interface Violation {
  readonly property: Property;
  /** The same for the same violation, however often it is looked for. */
  readonly detail: string;
}

export const RECOVERY_MS = 10_000;
export const RESTARTED_MS = 20_000;
/** So soon what one front was told is known to all that nothing hinders; and to any, since one that cannot ask stops. */
const [FOLLOWED_MS, STALE_MS, NOTIFIED_MS] = [1_000, 6_000, 20_000];
/** The event of the last line of a front whose place another one has. */
const TAKEN = 'database.taken';
/** Who shows a forgery while the first who showed it still waits is answered before the event is stored. */
const TOLD_MS = 5_000;

/** Forward is to a higher number; a suspended key may be active again. */
const RANK: Readonly<Record<string, number>> = {
  pre_activation: 0,
  active: 1,
  suspended: 1,
  deactivated: 2,
  compromised: 3,
  destroyed: 4,
};

/** All that a history and what was left of it say against the service; empty where it kept its word. */
export function check(history: readonly Operation[], dump: Dump): Violation[] {
  const told = sort(history);
  return [
    ...acknowledgedAreRecorded(told, dump),
    ...nothingTwice(told, dump),
    ...genuineAreKnown(told),
    ...compromisesHold(told),
    ...nothingRecordedBehind(dump),
    ...revocationsHold(told),
    ...isolatedAcceptNothing(told),
    ...onePinIsRejected(told),
    ...statesGoForward(told, dump),
    ...forgeriesAreFound(told, dump),
    ...chainsVerify(told, dump),
    ...sinksArePrefixes(told, dump),
    ...eventsAreTold(told, dump),
    ...oneFrontTells(told, dump),
    ...endsAreExplained(told),
    ...releasedAgain(told),
    ...nothingBehindLoss(told, dump),
  ];
}

interface Told {
  readonly issues: readonly Issue[];
  readonly verifies: readonly Verify[];
  readonly revokes: readonly Revoke[];
  readonly compromises: readonly Compromise[];
  readonly keys: readonly Keys[];
  readonly faults: readonly Fault[];
  readonly impaired: readonly Impaired[];
  readonly ended: readonly Ended[];
  readonly rejected: readonly PinRejected[];
  /** What somebody asked to revoke or compromise, whatever came of it. */
  readonly attempted: ReadonlySet<string>;
}

function sort(history: readonly Operation[]): Told {
  const of = <W extends Operation['what']>(what: W) =>
    history.filter((each): each is Extract<Operation, { what: W }> => each.what === what);
  return {
    issues: of('issue').filter(({ outcome, token }) => outcome === 'ok' && token !== undefined),
    verifies: of('verify').filter(({ outcome }) => outcome === 'ok'),
    revokes: of('revoke').filter(({ outcome }) => outcome === 'ok'),
    compromises: of('compromise').filter(({ outcome }) => outcome === 'ok'),
    keys: of('keys').filter(({ outcome }) => outcome === 'ok'),
    faults: of('fault'),
    impaired: of('impaired'),
    ended: of('ended'),
    rejected: of('pin_rejected'),
    attempted: new Set([...of('revoke').map(({ jti }) => jti), ...of('compromise').map(({ kid }) => kid)]),
  };
}

function violation(property: Property, detail: string): Violation {
  return { property, detail };
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}

function acknowledgedAreRecorded({ issues, faults }: Told, { rows, groups }: Dump): Violation[] {
  const places = grouped(rows, ({ digest }) => textOf(digest));
  const lossy = lastLoss(faults);
  const group = new Map(groups.map((each) => [each.sequence, each]));
  return issues.flatMap(({ token, answered }) => {
    if (!token) return [];
    const [row, ...more] = places.get(token.digest) ?? [];
    if (!row)
      return lossy && answered <= lossy.answered ? [] : [violation('P1', `${token.jti} has no record`)];
    if (more.length > 0) return [violation('P1', `${token.jti} has ${more.length + 1} records`)];
    if (row.jti !== token.jti || row.kid !== token.kid)
      return [violation('P1', `${token.jti} has another's record`)];
    const own = group.get(row.groupSequence);
    const isCovered = own && row.sequence >= own.firstRecord && row.sequence < own.firstRecord + own.rowCount;
    return isCovered ? [] : [violation('P1', `${token.jti}: record ${row.sequence} lies in no group`)];
  });
}

function nothingTwice({ issues }: Told, { rows, groups }: Dump): Violation[] {
  const values: Readonly<Record<string, readonly (string | number)[]>> = {
    'released jti': issues.flatMap(({ token }) => (token ? [token.jti] : [])),
    jti: rows.map(({ jti }) => jti),
    digest: rows.map(({ digest }) => textOf(digest)),
    record: rows.map(({ sequence }) => sequence),
    group: groups.map(({ sequence }) => sequence),
  };
  return Object.entries(values).flatMap(([what, all]) =>
    [...grouped(all, (value) => value)]
      .filter(([, same]) => same.length > 1)
      .map(([value, same]) => violation('P3', `${what} ${value} ${same.length} times`)),
  );
}

/** An act whose answer was lost may have been done: it explains a refusal, and promises none. */
function genuineAreKnown({ verifies, attempted, compromises, faults }: Told): Violation[] {
  const isToldAgain = (front: string, asked: number) =>
    compromises.some((each) => asked > each.answered && asked < heldSince(each, front, faults));
  return verifies.flatMap(({ token, forged, valid, reason, client, asked, front }) => {
    const isExplained =
      reason === 'expired' ||
      // The standby of the key that was compromised.
      (reason === 'outside_signing_window' && isToldAgain(front, asked)) ||
      (reason === 'revoked' && attempted.has(token.jti)) ||
      (reason === 'key_compromised' && attempted.has(token.kid));
    if (forged || valid || isExplained) return [];
    return [violation('P2', `${token.jti} is ${reason} to ${client} at ${Math.round(asked)}`)];
  });
}

/**
 * From then on it holds at that front. What standbys do not have may be lost with the primary, and is repeated by the front
 * that was told: another one may learn of it only then.
 */
function heldSince(
  { answered, front: told, replicated = true }: Compromise,
  front: string,
  faults: readonly Fault[],
): number {
  if (replicated || front === told) return answered;
  const around = faults.filter((fault) => fault.asked <= answered && fault.answered >= answered);
  return Math.max(answered, ...around.map((fault) => fault.answered)) + RECOVERY_MS;
}

function compromisesHold({ compromises, issues, verifies, impaired, faults }: Told): Violation[] {
  return compromises.flatMap((compromise) => {
    const { kid } = compromise;
    const since = (front: string) => heldSince(compromise, front, faults);
    return [
      ...issues
        .filter(({ token, asked, front }) => token?.kid === kid && asked > since(front))
        .map(({ token, front }) =>
          violation('P4', `${token?.jti} was released by ${kid} at ${front} after its compromise`),
        ),
      ...verifies
        .filter((each) => each.token.kid === kid && each.asked > since(each.front))
        .filter((each) => isAcceptedAfter(compromise, each, impaired))
        .map((each) =>
          violation('P5', `${acceptance(each)} of ${kid}, ${late(each, compromise)} compromise`),
        ),
    ];
  });
}

function revocationsHold({ revokes, verifies, impaired }: Told): Violation[] {
  const byJti = new Map(revokes.map((each) => [each.jti, each]));
  return verifies.flatMap((each) => {
    const revoke = byJti.get(each.token.jti);
    if (!revoke || !isAcceptedAfter(revoke, each, impaired)) return [];
    return [violation('P5', `${acceptance(each)}, ${late(each, revoke)} revocation`)];
  });
}

function acceptance({ token, front }: Verify): string {
  return `${token.jti} was accepted at ${front}`;
}

function late({ asked }: Verify, { answered, front }: Revoke | Compromise): string {
  return `${Math.round(asked - answered)} ms after ${front} had acknowledged its`;
}

/** The front that was told knows at once; another one while nothing hinders it soon, and else before it may go on. */
function isAcceptedAfter(
  change: Revoke | Compromise,
  { valid, asked, front }: Verify,
  impaired: readonly Impaired[],
): boolean {
  if (!valid || asked <= change.answered) return false;
  if (front === change.front) return true;
  const bound = isHindered(front, change.answered, asked, impaired) ? STALE_MS : FOLLOWED_MS;
  return asked > change.answered + bound;
}

/** Whether a fault hit it in between, or just before. */
function isHindered(front: string, from: number, until: number, impaired: readonly Impaired[]): boolean {
  return impaired.some(
    (each) => each.front === front && each.asked <= until && each.answered + RECOVERY_MS >= from,
  );
}

/** By what the database kept, whoever was or was not answered. */
function nothingRecordedBehind({ rows, events, commits }: Dump): Violation[] {
  if (!commits) return [];
  const since = new Map<string, number>();
  for (const { type, subject, sequence } of events) {
    const at = commits.events.get(sequence);
    if (type === 'key.compromised' && at !== undefined && !since.has(subject)) since.set(subject, at);
  }
  return rows.flatMap(({ kid, jti, groupSequence }) => {
    const [recorded, compromised] = [commits.groups.get(groupSequence), since.get(`key:${kid}`)];
    if (recorded === undefined || compromised === undefined || recorded < compromised) return [];
    const lateness = Math.round((recorded - compromised) / 1_000);
    return [violation('P4', `${jti} of ${kid} was recorded ${lateness} ms behind its compromise`)];
  });
}

/** What it had taken in before it was cut off may be answered with what it knew. */
function isolatedAcceptNothing({ verifies, impaired }: Told): Violation[] {
  return impaired
    .filter(({ how }) => how === 'cut')
    .flatMap((cut) =>
      verifies
        .filter(({ front, valid }) => valid && front === cut.front)
        .filter(({ asked, answered }) => asked > cut.asked + STALE_MS && answered < cut.answered)
        .map((each) =>
          violation(
            'P14',
            `${acceptance(each)} ${Math.round(each.asked - cut.asked)} ms after it was cut off`,
          ),
        ),
    );
}

/** It is cleared once in a fault, at its end. */
function onePinIsRejected({ faults, rejected }: Told): Violation[] {
  return faults
    .map((fault) => rejected.filter((each) => overlap(each, fault)).map(({ front }) => front))
    .flatMap((of) => (of.length > 1 ? [violation('P15', `the PINs of ${of.sort().join(' and ')}`)] : []));
}

/** What a fault took from the database is looked for in answers alone. */
function statesGoForward({ keys, compromises, faults, impaired }: Told, dump: Dump): Violation[] {
  const loss = lastLoss(faults);
  const found: Violation[] = [];
  for (const { keys: list } of keys) found.push(...oneActive(list));
  found.push(...oneActive(dump.keys));
  const end = { asked: Number.POSITIVE_INFINITY, answered: Number.POSITIVE_INFINITY, keys: dump.keys };
  for (const looks of grouped(keys, ({ front }) => front).values()) found.push(...goesBack(looks, looks, 0));
  // A front that a fault hit lists what it knows.
  const well = keys.filter(({ front, asked, answered }) => !isHindered(front, asked, answered, impaired));
  // What was lost, others cannot know: they accept nothing.
  const told = loss ? well.filter(({ answered }) => answered < loss.asked) : [...well, end];
  found.push(...goesBack(keys, told, STALE_MS));
  if (loss) return found;
  const states = new Map(dump.keys.map(({ kid, state }) => [kid, state]));
  for (const { kid } of compromises)
    if (rankOf(states.get(kid)) < rankOf('compromised'))
      found.push(violation('P6', `${kid} is ${states.get(kid)} after its compromise`));
  return found;
}

type Look = Pick<Keys, 'asked' | 'answered' | 'keys'>;

/** What one look found, each of the others that is asked so much later has to find as well. */
function goesBack(looks: readonly Look[], others: readonly Look[], laterMs: number): Violation[] {
  const found: Violation[] = [];
  const byEnd = [...looks].sort((a, b) => a.answered - b.answered);
  const byBegin = [...others].sort((a, b) => a.asked - b.asked);
  const highest = new Map<string, string>();
  let next = 0;
  for (const look of byBegin) {
    // Only what was answered before this one was asked came surely before it.
    for (let before = byEnd[next]; before && before.answered + laterMs < look.asked; before = byEnd[++next])
      for (const { kid, state } of before.keys)
        if (rankOf(state) >= rankOf(highest.get(kid))) highest.set(kid, state);
    for (const { kid, state } of look.keys)
      if (rankOf(state) < rankOf(highest.get(kid)))
        found.push(violation('P6', `${kid} went from ${highest.get(kid)} to ${state}`));
  }
  return found;
}

function oneActive(keys: readonly KeyFacts[]): Violation[] {
  const active = keys.filter(({ state }) => state === 'active').map(({ kid }) => kid);
  return active.length > 1 ? [violation('P6', `active at once: ${active.sort().join(', ')}`)] : [];
}

function rankOf(state: string | undefined): number {
  return state === undefined ? -1 : (RANK[state] ?? -1);
}

function forgeriesAreFound({ verifies, issues, faults }: Told, { toldForgeries }: Dump): Violation[] {
  const lost = lastLoss(faults)?.answered ?? Number.NEGATIVE_INFINITY;
  const end = Math.max(0, ...verifies.map(({ answered }) => answered));
  const shown = verifies.filter(({ forged }) => forged);
  const forged = new Set(shown.map(({ token }) => token.digest));
  const genuine = new Set(issues.flatMap(({ token }) => (token ? [token.digest] : [])));
  return [
    ...shown
      .filter(({ valid }) => valid)
      .map(({ token }) => violation('P8', `the forgery ${token.jti} was accepted`)),
    ...toldForgeries
      .filter((digest) => !forged.has(digest) && genuine.has(digest))
      .map((digest) => violation('P8', `a genuine token is told as a forgery: ${digest}`)),
    ...shown
      .filter(({ reason, answered }) => reason === 'never_issued' && answered > lost)
      .filter(({ answered }) => answered <= end - TOLD_MS)
      .filter(({ token }) => !toldForgeries.includes(token.digest))
      .map(({ token }) => violation('P8', `the forgery ${token.jti} was found, and nobody told`)),
  ];
}

function chainsVerify({ faults }: Told, { groups, rows, events, toldBreaks }: Dump): Violation[] {
  const told = lastLoss(faults) ? [] : toldBreaks;
  const found = told.map((what) => violation('P10', `a chain that nobody broke is told as broken: ${what}`));
  const rowsOf = grouped(rows, ({ groupSequence }) => groupSequence);
  for (const [index, group] of groups.entries()) {
    const fault = linkFault(group, groups[index - 1]) ?? rowsFault(group, rowsOf.get(group.sequence) ?? []);
    if (fault) found.push(violation('P10', `ledger group ${group.sequence}: ${fault}`));
  }
  const sequences = new Set(groups.map(({ sequence }) => sequence));
  for (const [group, stray] of rowsOf)
    if (!sequences.has(group)) found.push(violation('P10', `${stray.length} records of no group ${group}`));
  let before: Pick<HashedEvent, 'sequence' | 'hash'> = AUDIT_GENESIS;
  for (const event of events) {
    if (event.sequence !== before.sequence + 1)
      found.push(violation('P10', `event ${event.sequence} follows ${before.sequence}`));
    else if (textOf(auditEventHash(before.hash, event)) !== textOf(event.hash))
      found.push(violation('P10', `event ${event.sequence}: wrong hash`));
    before = event;
  }
  return found;
}

/** An event may be delivered more than once. What a fault took from the trail, the sink keeps: by that it is noticed. */
function sinksArePrefixes({ faults }: Told, { sinks, events }: Dump): Violation[] {
  const isShortened = lastLoss(faults) !== undefined;
  const trail = new Map(events.map(({ sequence, hash }) => [sequence, textOf(hash)]));
  return sinks.flatMap(({ front, entries }) => {
    const found: Violation[] = [];
    const sink = `the sink of ${front}`;
    let reached = 0;
    for (const { sequence, hash } of entries) {
      const stored = trail.get(sequence);
      if (stored === undefined && !isShortened)
        found.push(violation('P10', `${sink} has event ${sequence}, the trail not`));
      else if (stored !== undefined && stored !== textOf(hash))
        found.push(violation('P10', `${sink} has another event ${sequence} than the trail`));
      if (sequence > reached + 1) found.push(violation('P10', `${sink} lacks event ${reached + 1}`));
      reached = Math.max(reached, sequence);
    }
    return found;
  });
}

/** While no front is well, nobody need tell. */
function eventsAreTold(
  { faults, impaired }: Told,
  { raised, notified, takenAt, clockStart }: Dump,
): Violation[] {
  if (lastLoss(faults)) return [];
  const began = Math.min(...faults.map(({ asked }) => asked));
  const outages = faults.filter((fault) =>
    fault.fronts.every((front) => impaired.some((each) => each.front === front && overlap(each, fault))),
  );
  const first = new Map(notified.toReversed().map((each) => [each.sequence, each]));
  return raised.flatMap(({ sequence, at }) => {
    const raisedAt = at * 1_000 - clockStart;
    if (raisedAt < began) return [];
    const due = outages.reduce(
      (time, { asked, answered }) =>
        asked <= time && answered >= raisedAt ? Math.max(time, answered + NOTIFIED_MS) : time,
      raisedAt + NOTIFIED_MS,
    );
    const told = first.get(sequence);
    const toldAt = told ? told.at * 1_000 - clockStart : takenAt;
    return toldAt <= due ? [] : [violation('P12', `event ${sequence} was not told in time`)];
  });
}

/** Who tells may tell again where it could not write down that it has; another front only where a fault hit one of them. */
function oneFrontTells({ impaired, ended }: Told, { notified, clockStart }: Dump): Violation[] {
  return [...grouped(notified, ({ id }) => id).values()].flatMap((same) => {
    const [{ sequence, at } = { sequence: 0, at: 0 }] = same;
    const asked = at * 1_000 - clockStart;
    const under = { asked: asked - RECOVERY_MS, answered: asked + NOTIFIED_MS };
    const fronts = [...new Set(same.map(({ front }) => front))];
    const hit = [...impaired, ...ended].filter(({ front }) => fronts.includes(front));
    if (fronts.length === 1 || hit.some((each) => overlap(each, under))) return [];
    return [violation('P12', `event ${sequence} was told by ${fronts.sort().join(' and ')}`)];
  });
}

function overlap(one: Pick<Fault, 'asked' | 'answered'>, other: Pick<Fault, 'asked' | 'answered'>): boolean {
  return one.asked <= other.answered && other.asked <= one.answered;
}

function endsAreExplained({ ended }: Told): Violation[] {
  return ended
    .filter(({ phase, why }) => phase === 'serving' && why !== TAKEN)
    .map(({ front, why, asked }) => violation('P17', `${front} ended at ${Math.round(asked)}: ${why}`));
}

function releasedAgain({ faults, issues, ended }: Told): Violation[] {
  return faults
    .filter(({ loses }) => !loses)
    .flatMap((fault) =>
      fault.fronts.flatMap((front) => {
        const after = recoveryAt(front, fault, issues);
        const isRestarted = ended.some((each) => each.front === front && isDueTo(fault, each));
        if (after !== undefined && after <= (isRestarted ? RESTARTED_MS : RECOVERY_MS)) return [];
        const detail = `${front} after ${fault.name}, which ended at ${Math.round(fault.answered)}`;
        return [violation('P13', detail)];
      }),
    );
}

function isDueTo(fault: Fault, { asked, answered }: Ended): boolean {
  return answered >= fault.asked && asked <= fault.answered + RESTARTED_MS;
}

/** The loss itself is the fault's; that the service goes on as if nothing were missing would be its own. */
function nothingBehindLoss({ issues, faults }: Told, { rows }: Dump): Violation[] {
  const lossy = lastLoss(faults);
  if (!lossy) return [];
  const recorded = new Set(rows.map(({ digest }) => textOf(digest)));
  const isLost = issues.some(
    ({ token, answered }) => token && answered <= lossy.answered && !recorded.has(token.digest),
  );
  const later = issues.find(({ asked }) => asked > lossy.answered);
  if (!isLost || !later) return [];
  return [violation('P16', `after ${lossy.name} ${later.token?.jti} was issued behind lost records`)];
}

function lastLoss(faults: readonly Fault[]): Fault | undefined {
  return faults.findLast(({ loses }) => loses);
}

function grouped<T, K>(values: readonly T[], keyOf: (value: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const value of values) {
    const key = keyOf(value);
    const same = groups.get(key);
    if (same) same.push(value);
    else groups.set(key, [value]);
  }
  return groups;
}
