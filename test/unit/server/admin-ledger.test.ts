import { expect, test, vi } from 'vitest';
import type {
  LedgerEntry,
  LedgerErasure,
  LedgerSearch,
  OpenMatters,
} from '../../../src/kernel/ledger-search.ts';
import { issuanceRecord } from '../../support/issuance-records.ts';
import { operationsPlane } from '../../support/on-loopback.ts';
import { untouched } from '../../support/untouched.ts';

const ENTRY: LedgerEntry = { ...issuanceRecord(2), sequence: 3, erased: false, archived: true };
const ANSWER = {
  sequence: 3,
  digest: ENTRY.digest.toString('base64url'),
  scope: 'payments',
  kid: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
  jti: 'jti-2',
  client: 'payments-identity',
  subject: 'user-2',
  root: 'sign-in-2',
  trace_id: `${'a'.repeat(31)}2`,
  iat: 1_760_000_002,
  exp: 1_760_000_302,
  erased: false,
  archived: true,
};

async function find(query: string, page: LedgerSearch['page'], as = 'audits') {
  const http = await operationsPlane({ ledger: untouched({ search: { page } }) });
  return http.get(`/v1/admin/ledger${query}`).set('Authorization', `Bearer ${as}`);
}

async function erase(
  body: object,
  eraseSubject: LedgerErasure['eraseSubject'],
  as = 'operates',
  open: OpenMatters = { events: [], reports: [] },
) {
  const erasure = { eraseSubject, openAbout: async () => open };
  const http = await operationsPlane({ ledger: untouched({ erasure }), twoPersons: true });
  return http
    .post('/v1/admin/ledger/erase')
    .set('Authorization', `Bearer ${as}`)
    .set('X-Request-Id', 'req-1')
    .send(body);
}

const nothing: LedgerSearch['page'] = async () => ({ entries: [], next: null });

test('any role finds records, and is told where to go on', async () => {
  const page = vi.fn<LedgerSearch['page']>(async () => ({ entries: [ENTRY], next: 3 }));
  const { status, body } = await find(
    '?scope=payments&kid=k&jti=j&client=c&subject=s&root=r&from=1&to=2&limit=1&after=7',
    page,
  );
  expect([status, body]).toEqual([200, { records: [ANSWER], next: 3 }]);
  expect(page.mock.calls).toEqual([
    [
      {
        scopeId: 'payments',
        kid: 'k',
        jti: 'j',
        clientId: 'c',
        subject: 's',
        root: 'r',
        from: 1,
        to: 2,
      },
      { after: 7, limit: 1 },
    ],
  ]);
});

test('a query of nothing begins with the first hundred', async () => {
  const page = vi.fn(nothing);
  expect((await find('', page)).body).toEqual({ records: [], next: null });
  expect(page.mock.calls).toEqual([[{}, { after: 0, limit: 100 }]]);
});

test.each([
  ['limit=0', 'invalid_request', 'limit: use a whole number from 1 to 1000'],
  ['limit=1001', 'invalid_request', 'limit: use a whole number from 1 to 1000'],
  ['from=yesterday', 'invalid_request', 'from: use seconds since the epoch'],
  ['after=-1', 'invalid_request', 'after: use the `next` of the page before'],
  ['jti=', 'invalid_request', 'jti: leave it out or give a value'],
  ['jti=a&jti=b', 'invalid_request', 'jti: give it once'],
  ['email=a', 'unknown_member', 'leave out email'],
])('?%s is refused', async (query, code, detail) => {
  const { status, body } = await find(`?${query}`, nothing);
  expect([status, body.code, body.detail]).toEqual([422, code, detail]);
});

test('an operator erases a subject', async () => {
  const eraseSubject = vi.fn(async () => ({ records: 4, events: 1, reports: 2 }));
  const { status, body } = await erase({ subject: 'mallory' }, eraseSubject);
  expect([status, body]).toEqual([200, { records: 4, security_events: 1, reports: 2 }]);
  expect(eraseSubject.mock.calls).toEqual([
    ['mallory', { operatorId: 'ada', requestId: 'req-1', alone: true }],
  ]);
});

test.each([
  ['a security event', { events: [12], reports: [] }],
  ['a report', { events: [], reports: ['K7Q2'] }],
])(
  'while %s about the subject is open, it takes two, and the proposal does not name the subject',
  async (_, open) => {
    const eraseSubject = vi.fn<LedgerErasure['eraseSubject']>();
    const { status, body, text } = await erase({ subject: 'mallory' }, eraseSubject, 'operates', open);
    expect([status, body.proposal.act, body.proposal.changes]).toEqual([
      202,
      'ledger.erase',
      [
        { member: 'personal_values', from: 'kept', to: 'erased' },
        ...(open.events.length > 0 ? [{ member: 'in_open_events', from: [12], to: [] }] : []),
        ...(open.reports.length > 0 ? [{ member: 'in_open_reports', from: ['K7Q2'], to: [] }] : []),
      ],
    ]);
    expect(text).not.toContain('mallory');
    expect(eraseSubject).not.toHaveBeenCalled();
  },
);

test('an auditor may look and not erase, and nobody erases an empty subject', async () => {
  const eraseSubject = vi.fn<LedgerErasure['eraseSubject']>();
  expect((await erase({ subject: 'mallory' }, eraseSubject, 'audits')).body.code).toBe('role_missing');
  expect((await erase({ subject: '' }, eraseSubject)).body.detail).toBe('subject: name a subject');
  expect((await find('', nothing, 'idles')).body.code).toBe('role_missing');
  expect(eraseSubject).not.toHaveBeenCalled();
});
