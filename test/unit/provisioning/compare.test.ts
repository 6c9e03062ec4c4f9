import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_POLICY } from '../../../src/kernel/policy.ts';
import { compare, type Plan } from '../../../src/provisioning/compare.ts';
import type { Current } from '../../../src/provisioning/document.ts';
import { documentOf, readDocument, writeDocument } from '../../../src/provisioning/yaml.ts';
import { after, anyState, completeDocumentOf } from '../../support/provisioned.ts';

const nowhere = () => ({ line: 1, column: 1 });

function planned(document: Parameters<typeof compare>[0], current: Current): Plan {
  const plan = compare(document, current, nowhere);
  if (plan.problems) throw new Error(plan.problems.map(({ message }) => message).join('\n'));
  return plan;
}

const normal = (state: Current) =>
  documentOf({ ...state, clients: state.clients.filter(({ revoked }) => !revoked) });

describe('a plan', () => {
  it('makes of any state what a complete file says, but for scopes, which are never removed', () => {
    fc.assert(
      fc.property(anyState, anyState, (from, to) => {
        const wanted = completeDocumentOf(to);
        const there = from.clients.filter(({ id }) => !to.clients.some((each) => each.id === id));
        const reached = after(from, planned(wanted, from).steps);
        const expected = normal(to);
        const kept = from.scopes.filter(({ id }) => !to.scopes.some((each) => each.id === id));
        expect(normal(reached)).toEqual({
          ...expected,
          scopes: { ...expected.scopes, ...normal({ scopes: kept, clients: [] }).scopes },
        });
        expect(reached.clients.filter(({ revoked }) => revoked).map(({ id }) => id)).toEqual(
          there.map(({ id }) => id),
        );
        expect(planned(wanted, reached).steps).toEqual([]);
      }),
    );
  });

  it('of a state’s own export is empty, also once it was written and read again', () => {
    fc.assert(
      fc.property(anyState, (state) => {
        const read = readDocument(writeDocument(documentOf(state)));
        if (read.problems) throw new Error(read.problems[0]?.message);
        expect(planned(read.document, state)).toEqual({ steps: [], unmanaged: [] });
        expect(planned({ ...read.document, complete: true }, state).steps).toEqual([]);
      }),
    );
  });

  it('of a file that is not complete takes nothing away, and names what it leaves', () => {
    fc.assert(
      fc.property(anyState, anyState, (from, to) => {
        const { steps, unmanaged } = planned(documentOf(to), from);
        expect(steps.flatMap(({ changes }) => changes).filter(({ action }) => action === 'remove')).toEqual(
          [],
        );
        const complete = planned(completeDocumentOf(to), from);
        const removed = complete.steps.flatMap(({ changes }) =>
          changes.filter(({ action }) => action === 'remove'),
        );
        expect(unmanaged.filter(({ kind }) => kind !== 'scope')).toEqual(removed);
      }),
    );
  });

  it('parts what one person may do from what takes two, and does it first', () => {
    fc.assert(
      fc.property(anyState, anyState, (from, to) => {
        const { steps } = planned(completeDocumentOf(to), from);
        const weakens = steps.map(({ changes }) => [...new Set(changes.map((change) => change.weakens))]);
        expect(weakens.filter((each) => each.length !== 1)).toEqual([]);
        const changes = steps
          .flatMap((step) => step.changes)
          .filter(({ member }) => member !== 'description');
        const order = changes.map((change) => change.weakens);
        expect(order).toEqual([...order].sort());
      }),
    );
  });
});

const PAYMENTS = {
  id: 'payments',
  issuer: 'https://login.example',
  audience: 'https://payments.example',
  algorithm: 'PS256',
  modulusBits: 3072,
  hsmToken: 'primary',
  standbyToken: null,
  policy: DEFAULT_POLICY,
  contacts: [],
} as const;
const CURRENT: Current = {
  scopes: [PAYMENTS],
  clients: [
    { id: 'checkout', description: 'signs', revoked: false, grants: [{ scope: 'payments', action: 'sign' }] },
    { id: 'former', description: '', revoked: true, grants: [] },
  ],
};

describe('the steps of a plan', () => {
  it.each([
    [['b@id.example', 'a@id.example'], []],
    [['a@id.example', 'c@id.example'], ['contacts']],
    [['a@id.example'], ['contacts']],
    [[], ['contacts']],
  ])('take contacts as a set: %j', (contacts, members) => {
    const current = { ...CURRENT, scopes: [{ ...PAYMENTS, contacts: ['a@id.example', 'b@id.example'] }] };
    const { issuer, audience } = PAYMENTS;
    const scopes = { payments: { issuer, audience, contacts } };
    const { steps } = planned({ complete: false, scopes, clients: {} }, current);
    expect(steps.flatMap(({ changes }) => changes.map(({ member }) => member))).toEqual(members);
  });

  it('narrow first, then widen, each with what it changes', () => {
    const { issuer, audience } = PAYMENTS;
    const policy = { max_ttl_seconds: 900, clock_skew_seconds: 60, token_types: ['JWT' as const] };
    const entry = { issuer, audience, policy, contacts: ['a@id.example'] };
    const { steps } = planned({ complete: false, scopes: { payments: entry }, clients: {} }, CURRENT);
    const member = { action: 'change', kind: 'scope', id: 'payments' };
    const patch = { method: 'PATCH', path: '/scopes/payments', needs: [] };
    expect(steps).toEqual([
      {
        ...patch,
        body: { policy: { max_ttl_seconds: 900, token_types: ['JWT'] } },
        changes: [
          { ...member, member: 'max_ttl_seconds', from: 3600, to: 900, weakens: false },
          { ...member, member: 'token_types', from: ['at+jwt', 'JWT'], to: ['JWT'], weakens: false },
        ],
      },
      {
        ...patch,
        body: { policy: { clock_skew_seconds: 60 } },
        changes: [{ ...member, member: 'clock_skew_seconds', from: 30, to: 60, weakens: true }],
      },
      {
        ...patch,
        body: { contacts: ['a@id.example'] },
        changes: [{ ...member, member: 'contacts', from: [], to: ['a@id.example'], weakens: true }],
      },
    ]);
  });

  it('say what has to be there before', () => {
    const mail = { issuer: 'https://login.example', audience: 'mail' };
    const clients = {
      portal: { description: 'verifies', grants: { mail: ['verify' as const] } },
      checkout: { grants: { mail: ['sign' as const] } },
    };
    const { steps, unmanaged } = planned({ complete: false, scopes: { mail }, clients }, CURRENT);
    expect(
      steps.map(({ method, path, body, needs, makes }) => ({ method, path, body, needs, makes })),
    ).toEqual([
      { method: 'POST', path: '/scopes', body: { id: 'mail', ...mail }, needs: [], makes: 'scope:mail' },
      {
        method: 'POST',
        path: '/clients',
        body: { id: 'portal', description: 'verifies' },
        needs: [],
        makes: 'client:portal',
      },
      {
        method: 'POST',
        path: '/grants',
        body: { client: 'portal', scope: 'mail', action: 'verify' },
        needs: ['scope:mail', 'client:portal'],
        makes: undefined,
      },
      {
        method: 'POST',
        path: '/grants',
        body: { client: 'checkout', scope: 'mail', action: 'sign' },
        needs: ['scope:mail'],
        makes: undefined,
      },
    ]);
    expect(unmanaged).toEqual([
      { action: 'remove', kind: 'scope', id: 'payments', weakens: false },
      { action: 'remove', kind: 'grant', id: 'checkout', member: 'payments:sign', weakens: false },
    ]);
  });

  it('withdraw what a complete file does not name, before anything is added', () => {
    const { steps } = planned(
      { complete: true, scopes: {}, clients: { portal: { grants: { payments: ['verify'] } } } },
      CURRENT,
    );
    expect(steps.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /clients/checkout/revoke',
      'POST /clients',
      'POST /grants',
    ]);
  });
});

/** `line:column message` of all that cannot be done of a file. */
function problems(text: string): readonly string[] {
  const read = readDocument(text);
  if (read.problems) throw new Error(read.problems[0]?.message);
  const found = compare(read.document, CURRENT, read.locate).problems ?? [];
  return found.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

describe('a file that cannot be done', () => {
  it('is refused with every place at once', () => {
    expect(
      problems(`scopes:
  payments:
    issuer: https://other.example
    audience: https://payments.example
    algorithm: ES256
    policy:
      default_ttl_seconds: 7200
  second:
    issuer: https://login.example
    audience: https://payments.example
  third:
    issuer: https://login.example
    audience: third
    modulus_bits: 2048
clients:
  former: {}
  checkout:
    grants:
      paymets: [verify]
      ghost: [verify]
`),
    ).toEqual([
      '3:13 scopes.payments.issuer: cannot change: this scope has "https://login.example"; make another scope',
      '5:16 scopes.payments.algorithm: cannot change: this scope has "PS256"; make another scope',
      '7:28 scopes.payments.policy.default_ttl_seconds: must not exceed max_ttl_seconds',
      '10:15 scopes.second.audience: scope payments has this issuer and audience already',
      '14:19 scopes.third.modulus_bits: give it for RS256 and PS256, and for no other algorithm',
      '16:11 clients.former: was revoked permanently; use another id',
      '19:16 clients.checkout.grants.paymets: there is no such scope; did you mean payments?',
      '20:14 clients.checkout.grants.ghost: there is no such scope',
    ]);
  });

  it.each([
    'scopes: { payments: { issuer: "https://login.example", audience: "https://payments.example" } }',
    'scopes: { payments: { issuer: "https://login.example", audience: "https://payments.example", algorithm: PS256, modulus_bits: 3072 } }',
    'clients: { checkout: { grants: { payments: [verify] } } }',
  ])('has a neighbour that can: %s', (text) => {
    expect(problems(text)).toEqual([]);
  });
});
