import { expect, it } from 'vitest';
import type { CallService } from '../../../src/cli/operations-client.ts';
import { openProposals, proposalsFor } from '../../../src/provisioning/cli-proposals.ts';
import type { Step } from '../../../src/provisioning/document.ts';
import type { ProposalAnswer } from '../../../src/server/ask-gate.ts';

const PROPOSAL: ProposalAnswer = {
  id: 'p',
  act: 'scope.policy',
  subject: 'scope:payments',
  parameters: { scope: 'payments', policy: { clock_skew_seconds: 60 } },
  changes: [{ member: 'clock_skew_seconds', from: 30, to: 60 }],
  state: 'open',
  proposed_by: 'alice',
  proposed_at: 0,
  expires_at: 1,
  approvers: [],
  decided_by: null,
  decided_at: null,
  failure: null,
};
const STEP: Step = {
  method: 'PATCH',
  path: '/scopes/payments',
  body: { policy: { clock_skew_seconds: 60 } },
  changes: [
    {
      action: 'change',
      kind: 'scope',
      id: 'payments',
      member: 'clock_skew_seconds',
      from: 30,
      to: 60,
      weakens: true,
    },
  ],
  needs: [],
};

it('collects the open ones of every page', async () => {
  const pages: Record<string, object> = {
    '/proposals?state=open&limit=1000': { proposals: [PROPOSAL], next: 'p' },
    '/proposals?state=open&limit=1000&after=p': { proposals: [{ ...PROPOSAL, id: 'r' }], next: null },
  };
  const call = (async (_method: string, path: string) => pages[path]) as CallService;
  expect((await openProposals(call)).map(({ id }) => id)).toEqual(['p', 'r']);
});

it('finds the one that asks for the very change', () => {
  expect(proposalsFor(STEP, [PROPOSAL])).toEqual([PROPOSAL]);
});

it.each<[string, Partial<ProposalAnswer>]>([
  ['another scope', { subject: 'scope:mail' }],
  ['another act', { act: 'scope.create' }],
  ['another value', { changes: [{ member: 'clock_skew_seconds', from: 30, to: 61 }] }],
  ['what was there before', { changes: [{ member: 'clock_skew_seconds', from: 20, to: 60 }] }],
  ['more', { changes: [...PROPOSAL.changes, { member: 'max_ttl_seconds', from: 60, to: 600 }] }],
  ['nothing', { changes: [] }],
])('does not take one that asks for %s', (_, other) => {
  expect(proposalsFor(STEP, [{ ...PROPOSAL, ...other }])).toEqual([]);
});

const CREATING: Step = {
  method: 'POST',
  path: '/scopes',
  body: { id: 'mail', policy: { max_ttl_seconds: 60 }, contacts: ['a@id.example'] },
  changes: [{ action: 'create', kind: 'scope', id: 'mail', weakens: true }],
  needs: [],
  makes: 'scope:mail',
};
const CREATION: ProposalAnswer = {
  ...PROPOSAL,
  act: 'scope.create',
  subject: 'scope:mail',
  parameters: {
    id: 'mail',
    algorithm: 'ES256',
    policy: { max_ttl_seconds: 60, default_ttl_seconds: 60 },
    contacts: ['a@id.example'],
  },
};

it('finds a creation among whose members defaults were filled in', () => {
  expect(proposalsFor(CREATING, [CREATION])).toEqual([CREATION]);
});

it.each([
  { ...CREATION.parameters, policy: { max_ttl_seconds: 600 } },
  { ...CREATION.parameters, contacts: [] },
  { id: 'mail' },
])('does not take a creation of %j', (parameters) => {
  expect(proposalsFor(CREATING, [{ ...CREATION, parameters }])).toEqual([]);
});

it('tells grants of one client apart', () => {
  const grant = (action: string) => ({ client: 'shop', scope: 'mail', action });
  const step: Step = {
    method: 'POST',
    path: '/grants',
    body: grant('sign'),
    changes: [{ action: 'create', kind: 'grant', id: 'shop', member: 'mail:sign', weakens: true }],
    needs: [],
  };
  const proposed = (action: string): ProposalAnswer => ({
    ...PROPOSAL,
    act: 'grant.add',
    subject: 'client:shop',
    parameters: grant(action),
  });
  expect(proposalsFor(step, [proposed('verify'), proposed('sign')])).toEqual([proposed('sign')]);
  expect(proposalsFor(step, [proposed('verify')])).toEqual([]);
});
