import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import {
  ACTIONS,
  type Action,
  type ClientAdministration,
  KEYWARD,
  type OperatorAdministration,
  ROLES,
} from '../kernel/actor.ts';
import type { AuditLog, StoredEvent } from '../kernel/audit.ts';
import { auditDetailsIn } from '../kernel/audit-chain.ts';
import type { Clock } from '../kernel/clock.ts';
import { type ErrorCode, KeywardError } from '../kernel/errors.ts';
import { gapDetails, type RecordGap } from '../kernel/record-gap.ts';
import { type SecurityEvents, securityEvent } from '../kernel/security-events.ts';
import type { KeyActName, KeyAdministration } from '../keys/index.ts';
import type { RecordGapStore } from './record-gaps.ts';

/** Who does again what restricts. */
export interface ActingDeps {
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

/** Does again what an event tells of. */
export type Repeat = (event: Told, deps: ActingDeps) => Promise<unknown>;

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

/** Done again whatever was done since: who has seen a key stolen is right. */
export const URGENT: Readonly<Record<string, Repeat>> = {
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
export const NOTHING_THERE: ReadonlySet<ErrorCode> = new Set([
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

/** Behind the kind, such as the id of `client:<id>`. */
export function idIn(subject: string): string {
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
