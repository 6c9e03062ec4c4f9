import { describe, expect, it } from 'vitest';
import type { ProposalStore } from '../../src/access/proposal.ts';
import type { ActName, Proposal } from '../../src/kernel/acts.ts';
import type { AuditEvent } from '../../src/kernel/audit.ts';
import { ALICE } from '../support/registry-samples.ts';

/** A store under test, and its audit trail. */
export interface ProposalStoreBackend {
  readonly store: ProposalStore;
  audited(): Promise<readonly AuditEvent[]>;
  /** Has its clock, if it has one, show that time. */
  setTime?(seconds: number): void;
}

interface Kept {
  /** An act whose proposals it is for. */
  readonly act?: ActName;
  /** Whether the event of its opening has all that it would change. */
  readonly isWhole?: boolean;
}

const DECIDED_AT = 1_760_000_007;
const BOB = { operatorId: 'bob', requestId: 'req-2' };

export function proposalSample(id: string, change: Partial<Proposal> = {}): Proposal {
  return {
    id,
    act: 'client.create',
    subject: 'client:web',
    parameters: { id: 'web', description: '', credential_digest: null },
    before: null,
    after: { id: 'web' },
    proposedBy: 'alice',
    proposedAt: 1_760_000_000,
    expiresAt: 1_760_086_400,
    state: 'open',
    decidedBy: null,
    decidedAt: null,
    failure: null,
    ...change,
  };
}

/** What every implementation of the `ProposalStore` port does. */
export function proposalStoreContract(
  name: string,
  open: () => Promise<ProposalStoreBackend>,
  { act = 'client.create', isWhole = false }: Kept = {},
): void {
  describe(`${name} as a store of proposals`, () => {
    it('gives them back to the last value, the newest first', async () => {
      const { store, setTime } = await open();
      const [first, second] = [
        proposalSample('first', { act }),
        proposalSample('second', {
          act: isWhole ? act : 'hsm.compromise',
          before: { label: 'ü', list: [1, { deep: null }] },
          after: null,
          proposedAt: 1_760_000_001,
        }),
      ];
      await store.add(first, ALICE);
      setTime?.(second.proposedAt);
      await store.add(second, ALICE);
      expect(store.all()).toEqual([second, first]);
      expect(store.find('first')).toEqual(first);
      expect(store.find('third')).toBeUndefined();
    });

    it('moves each from the state that is expected, and from no other', async () => {
      const { store, setTime } = await open();
      await store.add(proposalSample('first', { act }), ALICE);
      setTime?.(DECIDED_AT);
      const decided = { decidedBy: 'bob', decidedAt: DECIDED_AT };
      await store.move('first', 'open', { state: 'executing', ...decided }, BOB);
      const again = store.move(
        'first',
        'open',
        { state: 'executing', decidedBy: 'carol', decidedAt: 8 },
        BOB,
      );
      await expect(again).rejects.toMatchObject({ code: 'proposal_executed' });
      const failure = { code: 'hsm_refused', detail: 'no room' } as const;
      await store.move('first', 'executing', { state: 'failed', failure }, BOB);
      await expect(store.move('first', 'executing', { state: 'executed' }, BOB)).rejects.toMatchObject({
        code: 'proposal_closed',
      });
      expect(store.find('first')).toEqual(
        proposalSample('first', { act, state: 'failed', ...decided, failure }),
      );
      await expect(store.move('second', 'open', { state: 'refused' }, BOB)).rejects.toMatchObject({
        code: 'unknown_proposal',
      });
    });

    it('lets one of many moves at the same moment through', async () => {
      const { store } = await open();
      await store.add(proposalSample('first', { act }), ALICE);
      const moves = await Promise.allSettled(
        Array.from({ length: 5 }, () => store.move('first', 'open', { state: 'executing' }, BOB)),
      );
      expect(moves.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    });

    it('tells the audit trail of each', async () => {
      const { store, audited } = await open();
      await store.add(proposalSample('first', { act }), ALICE);
      await store.move('first', 'open', { state: 'refused', decidedBy: 'bob', decidedAt: 7 }, BOB);
      expect(await audited()).toEqual([
        {
          type: 'proposal.opened',
          actor: 'alice',
          subject: 'proposal:first',
          requestId: 'req-1',
          details: {
            act,
            subject: 'client:web',
            parameters: { id: 'web', description: '', credential_digest: null },
            changes: [{ member: 'id', from: null, to: 'web' }],
            ...(isWhole ? { before: null, after: { id: 'web' } } : {}),
            expires_at: 1_760_086_400,
          },
        },
        {
          type: 'proposal.refused',
          actor: 'bob',
          subject: 'proposal:first',
          requestId: 'req-2',
          details: { act, subject: 'client:web', proposed_by: 'alice' },
        },
      ]);
    });
  });
}
