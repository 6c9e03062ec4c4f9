import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type { Store } from '../db/open-store.ts';
import {
  ACTIONS,
  type Action,
  type ClientAdministration,
  KEYWARD,
  type OperatorAdministration,
  ROLES,
} from '../kernel/actor.ts';
import type { AuditEvent, AuditLog, StoredEvent } from '../kernel/audit.ts';
import { auditDetailsIn } from '../kernel/audit-chain.ts';
import type { Task } from '../kernel/capability.ts';
import type { Clock } from '../kernel/clock.ts';
import { type ErrorCode, KeywardError } from '../kernel/errors.ts';
import { gapDetails, type RecordGap } from '../kernel/record-gap.ts';
import { type SecurityEvents, securityEvent } from '../kernel/security-events.ts';
import type { KeyActName, KeyAdministration } from '../keys/index.ts';
import type { RecordGapStore } from './record-gaps.ts';

interface ActingDeps {
  readonly keys: KeyAdministration;
  readonly clients: ClientAdministration;
  readonly operators: OperatorAdministration;
  readonly log: Logger;
}

interface ReplayDeps extends ActingDeps {
  readonly audit: Pick<AuditLog, 'witnessedAfter'>;
  readonly recordGaps: RecordGapStore;
  readonly securityEvents: SecurityEvents;
  readonly clock: Clock;
}

type Repeat = (event: Told, deps: ActingDeps) => Promise<unknown>;

interface Told {
  /** Behind the kind, such as the id of `client:<id>`. */
  readonly of: string;
  readonly details: Readonly<Record<string, unknown>>;
  /** How it came to be lost. */
  readonly lost: string;
}

const EVENTS_AT_A_TIME = 256;
const MOST_NAMED = 500;
const DIGEST_BYTES = 32;
const PUT_BACK = 'before the database was put back';
const PROMOTED = 'before a promotion of the database lost it';

/** Done again whatever was done since: who has seen a key stolen is right. */
const URGENT: Readonly<Record<string, Repeat>> = {
  'key.compromised': keyAct('compromise'),
  'key.suspended': keyAct('suspend'),
  'hsm.compromised': ({ of, details, lost }, { keys }) =>
    keys.compromiseToken(
      { hsmToken: of, why: whyOf(details, lost), keepForForensics: details.kept_for_forensics === true },
      KEYWARD,
    ),
};

/**
 * What restricts is done again; done twice, it changes nothing. Nobody holds the credential that stands in the place
 * of one that was replaced: its holder is given another.
 */
const REPEATED: Readonly<Record<string, Repeat>> = {
  ...URGENT,
  'client.revoked': ({ of }, { clients }) => clients.revoke(of, KEYWARD),
  'client.credential_replaced': ({ of }, { clients }) =>
    clients.replaceCredential(of, randomBytes(DIGEST_BYTES), KEYWARD),
  'grant.withdrawn': async ({ of, details: { scope, action } }, { clients }) => {
    if (!isAction(action)) return;
    await clients.withdraw(of, String(scope), action, KEYWARD);
  },
  'operator.revoked': ({ of }, { operators }) => operators.revoke(of, KEYWARD),
  'operator.credential_replaced': ({ of }, { operators }) =>
    operators.replaceCredential(of, randomBytes(DIGEST_BYTES), KEYWARD),
  'operator.roles_changed': ({ of, details }, { operators }) => narrowRoles(of, details.roles, operators),
};

/** What says nothing of how things should be: it is done by itself, or was only told. */
const PASSING =
  /^(?:proposal|login|act|service|drill|security_event|inventory|registry|revocation|review|database|canaries|run)\.|^canary\.shown$|^report\.(?:filed|examined|taken|noted|closed|expired)$|^key\.(?:rotated|activated|deactivated|private_half_destroyed|withdrawn)$|^hsm\.failed_over$/;

/** What a key, a client or an operator was not there for in the copy is not there for now. */
const NOTHING_THERE: ReadonlySet<ErrorCode> = new Set([
  'unknown_key',
  'unknown_client',
  'unknown_operator',
  'unknown_scope',
  'unknown_hsm_token',
  'client_revoked',
  'operator_revoked',
  'transition_forbidden',
]);

/**
 * What an accepted gap holds of restrictions is in force before anything is served. Cut short, it is done with the
 * next start. What weakened or was made anew in the gap is for people to do again, and is named. Answers
 * how many gaps there were to settle.
 */
export async function replayRestrictions(deps: ReplayDeps): Promise<number> {
  const { recordGaps, securityEvents, clock, log } = deps;
  const unsettled = recordGaps.list().filter(({ settledAt }) => settledAt === null);
  for (const gap of unsettled) {
    const { notRepeated, count } = await repeat(gap, deps);
    const { id } = gap;
    const { issued_from, issued_until, first_event, last_event } = gapDetails(gap);
    await securityEvents.raise(
      securityEvent('database.restored', {
        gap: id,
        issued_from,
        issued_until,
        first_event,
        last_event,
        not_repeated: notRepeated,
      }),
    );
    await recordGaps.settle(id, clock.nowSeconds(), notRepeated);
    log.warn(
      { gap: id, repeated: count, notRepeated },
      'a restore was settled; what is named is not done again',
    );
  }
  return unsettled.length;
}

interface LeftBehindDeps extends ActingDeps {
  readonly store: Pick<Store, 'leftBehind'>;
}

/**
 * Compromises and suspensions that were acknowledged before standbys had them are in force, also where a promotion has
 * lost them: those of a former process before anything is served, those that another front stood in the way of once what it
 * committed is followed (decision 145). Answers how many were ordered. Where one fails, the others are ordered all the same.
 */
export async function repeatLeftBehind({ store: { leftBehind }, ...deps }: LeftBehindDeps): Promise<number> {
  if (!leftBehind.isThere()) return 0;
  const { log } = deps;
  const { events, flaw } = await leftBehind.read();
  if (flaw !== undefined)
    log.error({ flaw }, 'urgent changes of a former process cannot be read: look whether all are in force');
  const settled: AuditEvent[] = [];
  const failures: unknown[] = [];
  let count = 0;
  for (const event of events) {
    const { type, subject, details } = event;
    try {
      const act = Object.hasOwn(URGENT, type) ? URGENT[type] : undefined;
      if (act && (await done(act, { of: idIn(subject), details, lost: PROMOTED }, deps))) {
        count += 1;
        log.warn({ type, subject }, 'an urgent change that a promotion may have lost was ordered anew');
      } else {
        log.error({ type, subject }, 'a promotion may have lost an urgent change: look, and make it again');
      }
      settled.push(event);
    } catch (failure) {
      failures.push(failure);
    }
  }
  leftBehind.settle(settled);
  if (failures.length > 0) throw failures[0];
  return count;
}

/** The same for as long as the service runs. */
export function repeatingTasks(deps: LeftBehindDeps): { readonly tasks: readonly Task[] } {
  const tick = async () => void (await repeatLeftBehind(deps));
  return { tasks: [{ name: 'urgent changes', everyMs: 1_000, tick }] };
}

async function repeat(gap: RecordGap, deps: ReplayDeps) {
  const notRepeated: string[] = [];
  let count = 0;
  for await (const event of eventsOf(gap, deps)) {
    const act = Object.hasOwn(REPEATED, event.type) ? REPEATED[event.type] : undefined;
    if (act && (await done(act, toldBy(event, PUT_BACK), deps))) count += 1;
    else if (!PASSING.test(event.type) && notRepeated.length < MOST_NAMED) {
      notRepeated.push(`${event.type} ${event.subject}`);
    }
  }
  return { notRepeated, count };
}

async function done(act: Repeat, told: Told, deps: ActingDeps): Promise<boolean> {
  try {
    await act(told, deps);
    return true;
  } catch (error) {
    if (error instanceof KeywardError && NOTHING_THERE.has(error.code)) return false;
    throw error;
  }
}

async function* eventsOf({ firstEvent, lastEvent }: RecordGap, { audit }: ReplayDeps) {
  for (let after = firstEvent - 1; after < lastEvent; ) {
    const events = await audit.witnessedAfter(after, EVENTS_AT_A_TIME);
    yield* events.filter(({ sequence }) => sequence <= lastEvent);
    after = events.at(-1)?.sequence ?? lastEvent;
  }
}

function toldBy({ subject, detailsJson }: StoredEvent, lost: string): Told {
  return { of: idIn(subject), details: auditDetailsIn(detailsJson), lost };
}

function idIn(subject: string): string {
  return subject.slice(subject.indexOf(':') + 1);
}

function keyAct(act: Extract<KeyActName, 'compromise' | 'suspend'>): Repeat {
  return ({ of, details, lost }, { keys }) =>
    keys.perform(
      {
        act,
        kid: of,
        why: whyOf(details, lost),
        cause: 'operator',
        keepForForensics: details.kept_for_forensics === true,
      },
      KEYWARD,
    );
}

function whyOf({ why }: Told['details'], lost: string): string {
  const said = String(why);
  return said.startsWith(lost) ? said : `${lost}: ${said}`;
}

/** Those that are left of both; without any, the operator is revoked. */
async function narrowRoles(id: string, given: unknown, operators: OperatorAdministration): Promise<void> {
  const held = operators.list().find((operator) => operator.id === id)?.roles ?? [];
  const then = new Set(Array.isArray(given) ? given : []);
  const left = ROLES.filter((role) => held.includes(role) && then.has(role));
  if (left.length === 0) await operators.revoke(id, KEYWARD);
  else if (left.length < held.length) await operators.setRoles(id, left, KEYWARD);
}

function isAction(value: unknown): value is Action {
  return ACTIONS.some((action) => action === value);
}
