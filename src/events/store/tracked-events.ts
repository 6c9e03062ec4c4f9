import { type Selectable, type SelectQueryBuilder, sql } from 'kysely';
import { camelCased } from '../../db/camel-case.ts';
import { loggedSteps, timesOfStep, toldSteps } from '../../db/case-log.ts';
import { mentions } from '../../db/mentions.ts';
import type { Schema, Trx } from '../../db/schema.ts';
import {
  type EventQuery,
  type EventState,
  type EventStep,
  type SecurityEventReport,
  type StepState,
  stateOf,
  type TrackedEvent,
} from '../../kernel/security-events.ts';
import { readableEvidence } from '../evidence-commitment.ts';

export type EventRow = Selectable<Schema['security_events']>;
type Steps = Readonly<Record<StepState, EventStep | null>>;

/** What people did about security events, as far as it is witnessed; every list of them is made from this. */
async function withSteps(trx: Trx, events: readonly EventRow[]): Promise<(EventRow & Steps)[]> {
  if (events.length === 0) return [];
  const logged = loggedSteps(trx).selectAll().where('case_kind', '=', 'security_event');
  const found = await logged.where('case_id', 'in', events.map(idOf)).execute();
  const told = await toldSteps(trx, found);
  const steps = new Map(
    told.map(({ case_id, step, taken_by: by, taken_at: at, note }) => [
      `${case_id} ${step}`,
      { by, at, note },
    ]),
  );
  return events.map((event) => ({
    ...event,
    acknowledged: steps.get(`${event.sequence} acknowledged`) ?? null,
    resolved: steps.get(`${event.sequence} resolved`) ?? null,
  }));
}

type Listed = Pick<EventRow, 'sequence'>;

const idOf = ({ sequence }: Listed) => String(sequence);

/** Of security events those on which nobody has taken that step. */
export async function without<Event extends Listed>(
  trx: Trx,
  events: readonly Event[],
  step: StepState,
): Promise<Event[]> {
  const taken = await timesOfStep(trx, 'security_event', events.map(idOf), step);
  return events.filter((event) => !taken.has(idOf(event)));
}

/** The same as it is shown. */
export async function tracked(trx: Trx, rows: readonly EventRow[]): Promise<TrackedEvent[]> {
  return (await withSteps(trx, rows)).map(fromRow);
}

/** Undefined where there is none. */
export async function trackedEvent(trx: Trx, sequence: number): Promise<TrackedEvent | undefined> {
  const rows = trx.selectFrom('security_events').selectAll().where('sequence', '=', sequence);
  const [event] = await tracked(trx, await rows.execute());
  return event;
}

type Candidates = SelectQueryBuilder<Schema, 'security_events', EventRow>;

/** A filter of events: what of it the database can decide, and the rest. */
interface Fitting {
  among(events: Candidates): Candidates;
  of(rows: readonly EventRow[]): Promise<TrackedEvent[]>;
}

/** For events that every member given fits. */
export async function fitting(trx: Trx, query: EventQuery): Promise<Fitting> {
  const { state, type, severity, scopeId, from, to } = query;
  const isAbout = scopeId === undefined ? () => true : await aboutScope(trx, scopeId);
  return {
    among(events) {
      let found = events;
      if (type !== undefined) found = found.where('type', '=', type);
      if (severity !== undefined) found = found.where('severity', '=', severity);
      if (from !== undefined) found = found.where('raised_at', '>=', from);
      if (to !== undefined) found = found.where('raised_at', '<=', to);
      if (scopeId !== undefined) found = mentioningScope(found, scopeId);
      return state === undefined || state === 'open' ? found : withRowOf(found, state);
    },
    async of(rows) {
      // Most events are resolved: of these nothing else is read.
      const mayFit =
        state === undefined || state === 'resolved' ? rows : await without(trx, rows, 'resolved');
      const events = await tracked(trx, mayFit);
      return events.filter((event) => (state === undefined || event.state === state) && isAbout(event));
    },
  };
}

/** Where there is no such row, there is no such step; where there is one, it is yet to be judged. */
function withRowOf(events: Candidates, step: Exclude<EventState, 'open'>): Candidates {
  return events.where(({ exists, selectFrom }) =>
    exists(
      selectFrom('case_log')
        .select('case_log.sequence')
        .where('case_kind', '=', 'security_event')
        .where('case_id', '=', sql<string>`cast(security_events.sequence as text)`)
        .where('step', '=', step),
    ),
  );
}

function mentioningScope(events: Candidates, scopeId: string): Candidates {
  return events.where((eb) =>
    eb.or([
      mentions('evidence_json', JSON.stringify(scopeId)),
      eb('subject', '=', `scope:${scopeId}`),
      eb('subject', 'in', (of) =>
        of
          .selectFrom('signing_keys')
          .select(sql<string>`'key:' || kid`.as('subject'))
          .where('scope_id', '=', scopeId)
          .where('kid', 'is not', null),
      ),
    ]),
  );
}

/** Also where the evidence is erased: then the subject still names the scope, or a key of it. */
async function aboutScope(trx: Trx, scopeId: string): Promise<(event: TrackedEvent) => boolean> {
  const keys = await trx.selectFrom('signing_keys').select('kid').where('scope_id', '=', scopeId).execute();
  const subjects = new Set([
    `scope:${scopeId}`,
    ...keys.flatMap(({ kid }) => (kid === null ? [] : [`key:${kid}`])),
  ]);
  return ({ subject, evidence }) =>
    subjects.has(subject) || (evidence as { scope?: unknown } | null)?.scope === scopeId;
}

function fromRow(row: EventRow & Steps): TrackedEvent {
  const { acknowledged, resolved, ...columns } = row;
  const { sequence, raisedAt, type, severity, dedupKey, subject, evidenceJson } = camelCased(columns);
  const evidence =
    evidenceJson === null ? null : (readableEvidence(evidenceJson) as SecurityEventReport['evidence']);
  const state = stateOf({ acknowledged, resolved });
  return { sequence, raisedAt, type, severity, dedupKey, subject, evidence, state, acknowledged, resolved };
}
