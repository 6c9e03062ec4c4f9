import { appendAuditEvent } from '../../db/append-audit-event.ts';
import { eventFromRow } from '../../db/event-seals.ts';
import { auditEvents, type EventRow } from '../../db/event-source.ts';
import { inSteps } from '../../db/fill-page.ts';
import { requireProven } from '../../db/proven-reads.ts';
import type { Trx, TrxReader, TrxWriter } from '../../db/schema.ts';
import { BoundedMutex } from '../../db/signed/bounded-mutex.ts';
import { witnessed } from '../../db/unwitnessed.ts';
import type { Actor } from '../../kernel/actor.ts';
import { notOpen, type Proposal, type ProposalState, unknownProposal } from '../../kernel/acts.ts';
import type { AuditEvent } from '../../kernel/audit.ts';
import { AUDIT_GENESIS, type ChainHead } from '../../kernel/audit-chain.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { FollowedProposals, ProposalMove } from '../proposal.ts';
import { movedEvent, OPENED, openedEvent, withEvent } from './proposal-events.ts';

interface SharedProposalsDeps {
  readonly reader: TrxReader;
  readonly writer: TrxWriter;
  readonly clock: Clock;
}

/** What the trail tells up to a place in it. */
interface Known {
  readonly place: ChainHead;
  readonly proposals: readonly Proposal[];
}

const PAGE = 500;
/** The longest lifetime that can be configured. */
const LONGEST_SECONDS = 7 * 86_400;

/**
 * Proposals that need no HSM, as the audit trail tells of them: so every front knows those of the others. A decision is held
 * against all events before it, in its own transaction and in turn with those of other fronts. An event that nothing
 * stands behind, or that is missing, might have been a decision: what was open before it is refused.
 */
export class SharedProposals implements FollowedProposals {
  readonly #deps: SharedProposalsDeps;
  /** What is read first is never kept behind what is read later. */
  readonly #turns = new BoundedMutex();
  #known: Known | undefined;

  constructor(deps: SharedProposalsDeps) {
    this.#deps = deps;
  }

  all(): readonly Proposal[] {
    return this.#known?.proposals ?? [];
  }

  find(id: string): Proposal | undefined {
    return this.all().find((proposal) => proposal.id === id);
  }

  follow(): Promise<void> {
    const { reader } = this.#deps;
    return this.#turns.runExclusive(async () => {
      this.#known = await reader.read(async (trx) => {
        const now = await this.#read(trx);
        if (now.place.sequence !== this.#known?.place.sequence) await requireProven(trx);
        return now;
      });
    });
  }

  add(proposal: Proposal, actor: Actor): Promise<void> {
    return this.#change(() => openedEvent(proposal, actor));
  }

  move(id: string, from: ProposalState, to: ProposalMove, actor: Actor): Promise<void> {
    return this.#change((proposals) => {
      const proposal = proposals.find((each) => each.id === id);
      if (!proposal) throw unknownProposal();
      if (proposal.state !== from) throw notOpen(proposal.state);
      return movedEvent(proposal, to, actor);
    });
  }

  /** The commit proves what the transaction read, too. */
  #change(eventOf: (proposals: readonly Proposal[]) => AuditEvent): Promise<void> {
    const { writer, clock } = this.#deps;
    return this.#turns.runExclusive(async () => {
      this.#known = await writer.transaction(async (trx) => {
        const before = await this.#read(trx);
        await appendAuditEvent(trx, eventOf(before.proposals), clock.nowSeconds());
        return await followed(trx, before);
      });
    });
  }

  async #read(trx: Trx): Promise<Known> {
    return await followed(trx, this.#known ?? (await begun(trx, this.#deps.clock.nowSeconds())));
  }
}

/** Up to the end of the trail. */
async function followed(trx: Trx, { place, proposals }: Known): Promise<Known> {
  for (;;) {
    const rows = await auditEvents(trx, { after: place.sequence - 1 })
      .orderBy('sequence')
      .limit(PAGE)
      .execute();
    const last = place;
    const isThere = last.sequence === 0 || rows.some((row) => isSame(row, last));
    if (!isThere) return { place: await lastWitnessed(trx), proposals: refused(proposals) };
    const news = rows.filter(({ sequence }) => sequence > last.sequence);
    const counting = new Set(await witnessed(trx, news));
    for (const row of news) {
      if (row.sequence !== place.sequence + 1 || !counting.has(row)) proposals = refused(proposals);
      if (counting.has(row)) proposals = withEvent(proposals, eventFromRow(row));
      place = headOf(row);
    }
    if (rows.length < PAGE) return { place, proposals };
  }
}

/** At the oldest proposal that is not expired. */
async function begun(trx: Trx, now: number): Promise<Known> {
  let known: Known | undefined;
  for await (const row of newestWitnessed(trx, OPENED)) {
    if (row.time < now - LONGEST_SECONDS) break;
    const proposals = withEvent([], eventFromRow(row));
    if (proposals.some(({ expiresAt }) => expiresAt > now)) known = { place: headOf(row), proposals };
  }
  return known ?? { place: await lastWitnessed(trx), proposals: [] };
}

async function lastWitnessed(trx: Trx): Promise<ChainHead> {
  for await (const row of newestWitnessed(trx)) return headOf(row);
  return AUDIT_GENESIS;
}

async function* newestWitnessed(trx: Trx, type?: string): AsyncGenerator<EventRow> {
  const read = (last: EventRow | undefined, limit: number) => {
    const events = auditEvents(trx, { before: last?.sequence });
    const wanted = type === undefined ? events : events.where('type', '=', type);
    return wanted.orderBy('sequence', 'desc').limit(limit).execute();
  };
  for await (const rows of inSteps(read, 1)) yield* await witnessed(trx, rows);
}

/** Nobody can tell any more whether they were decided. */
function refused(proposals: readonly Proposal[]): readonly Proposal[] {
  const failure = {
    code: 'audit_trail_refused',
    detail: 'An audit event behind its opening is missing or is not as it was written; propose it again.',
  } as const;
  return proposals.map((each) => (each.state === 'open' ? { ...each, state: 'failed', failure } : each));
}

function headOf({ sequence, hash }: EventRow): ChainHead {
  return { sequence, hash };
}

function isSame(one: ChainHead, other: ChainHead): boolean {
  return one.sequence === other.sequence && Buffer.compare(one.hash, other.hash) === 0;
}
