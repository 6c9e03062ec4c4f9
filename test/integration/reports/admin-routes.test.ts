import { describe, expect, it } from 'vitest';
import type { NewReport } from '../../../src/reports/case.ts';
import { operationsPlane } from '../../support/on-loopback.ts';
import { openTestStore } from '../../support/open-test-store.ts';
import { FOUND_NOTHING } from '../../support/token-findings.ts';

const NOON = 1_760_000_000;
const NUMBER = '7Q3K-M2XD';
const digest = Buffer.alloc(32, 7);
const filed: NewReport = {
  number: NUMBER,
  scopeId: 'payments',
  digest,
  suspicion: { text: 'odd', contact: 'ada@example.org' },
  requestId: 'req-1',
};
const SUMMARY = {
  sequence: 1,
  report: NUMBER,
  scope: 'payments',
  received_at: NOON,
  state: 'open',
  owner: null,
  outcome: null,
  about: null,
  digest: digest.toString('base64url'),
};
const CASE = {
  ...SUMMARY,
  text: 'odd',
  contact: 'ada@example.org',
  erased: false,
  findings: null,
  same_token: [],
  steps: [],
};
const step = (name: string, changes: object = {}) => ({
  step: name,
  by: 'ada',
  at: NOON,
  outcome: null,
  note: null,
  ...changes,
});

async function served({ twoPersons = false } = {}) {
  const { reports } = await openTestStore();
  await reports.file(filed);
  const http = await operationsPlane({ reports, twoPersons });
  return {
    reports,
    get: (path: string, as = 'audits') =>
      http.get(`/v1/admin/reports${path}`).set('Authorization', `Bearer ${as}`),
    post: (path: string, body?: object, as = 'operates') =>
      http.post(`/v1/admin/reports/${NUMBER}${path}`).set('Authorization', `Bearer ${as}`).send(body),
  };
}

describe('reports', () => {
  it('are listed in brief to any role, without what was written', async () => {
    const { reports, get } = await served();
    await reports.file({ ...filed, number: '0000-0002', scopeId: 'mail', digest: null });
    await reports.examined('0000-0002', null);
    const other = {
      ...SUMMARY,
      sequence: 2,
      report: '0000-0002',
      scope: 'mail',
      about: 'no_token',
      digest: null,
    };
    const { status, body } = await get('');
    expect([status, body]).toEqual([200, { reports: [other, SUMMARY], next: null }]);
    expect((await get('?scope=mail&state=open&limit=5')).body).toEqual({ reports: [other], next: null });
    expect((await get('?after=2')).body).toEqual({ reports: [SUMMARY], next: null });
    expect((await get('?state=closed')).body).toEqual({ reports: [], next: null });
  });

  it.each([
    ['?state=ajar', 'invalid_request'],
    ['?limit=1001', 'invalid_request'],
    ['?scope=', 'invalid_request'],
    ['?owner=ada', 'unknown_member'],
  ])('are not listed by %s', async (query, code) => {
    const { status, body } = await (await served()).get(query);
    expect([status, body.code]).toEqual([422, code]);
  });

  it('are shown by their number, however it is written, with what was found out', async () => {
    const { reports, get } = await served();
    expect((await get(`/${NUMBER}`)).body).toEqual({ report: CASE });
    await reports.examined(NUMBER, FOUND_NOTHING);
    expect((await get('/7q3km2xd')).body).toEqual({
      report: {
        ...CASE,
        about: 'foreign',
        findings: FOUND_NOTHING,
        steps: [step('examined', { by: 'keyward' })],
      },
    });
  });

  it.each(['0000-0000', 'first', '1'])('of the number %s are unknown', async (number) => {
    const { status, body } = await (await served()).get(`/${number}`);
    expect([status, body.code]).toEqual([404, 'unknown_report']);
  });

  it('are taken, noted and closed by an operator, and nothing is added then', async () => {
    const { post } = await served();
    const taken = { ...CASE, state: 'investigating', owner: 'ada', steps: [step('taken')] };
    expect((await post('/take')).body).toEqual({ report: taken });
    expect((await post('/take')).body).toEqual({ report: taken });
    const noted = { ...taken, steps: [...taken.steps, step('noted', { note: 'asked' })] };
    expect((await post('/note', { note: 'asked' })).body).toEqual({ report: noted });
    const closing = { outcome: 'confirmed', note: 'revoked' };
    const closed = {
      ...noted,
      state: 'closed',
      outcome: 'confirmed',
      steps: [...noted.steps, step('closed', closing)],
    };
    expect((await post('/close', closing)).body).toEqual({ report: closed });
    for (const [path, body] of [
      ['/take', undefined],
      ['/note', { note: 'late' }],
      ['/close', closing],
    ] as const) {
      const { status, body: answer } = await post(path, body);
      expect([status, answer.code]).toEqual([409, 'report_closed']);
    }
  });

  it('lose what was written when an operator has it erased, closed ones too', async () => {
    const { reports, post } = await served();
    await reports.close(NUMBER, 'unclear', 'a test', { operatorId: 'ada', requestId: null });
    const { status, body } = await post('/erase');
    expect([status, body.report]).toMatchObject([
      200,
      { state: 'closed', text: null, contact: null, erased: true },
    ]);
    expect(body.report.steps).toEqual([
      step('closed', { outcome: 'unclear', note: 'a test' }),
      step('erased'),
    ]);
    expect((await post('/erase')).body).toEqual(body);
  });

  it('keep what was written until a second person agrees, while the case is open', async () => {
    const { reports, get, post } = await served({ twoPersons: true });
    const { status, body } = await post('/erase');
    expect([status, body.proposal.act, body.proposal.subject, body.proposal.changes]).toEqual([
      202,
      'report.erase',
      `report:${NUMBER}`,
      [{ member: 'text_and_contact', from: 'kept', to: 'erased' }],
    ]);
    expect((await get(`/${NUMBER}`)).body).toEqual({ report: CASE });
    await reports.take(NUMBER, { operatorId: 'ada', requestId: null });
    expect((await post('/erase')).status).toBe(202);
    await reports.close(NUMBER, 'unclear', 'a test', { operatorId: 'ada', requestId: null });
    const erased = await post('/erase');
    expect([erased.status, erased.body.report]).toMatchObject([200, { state: 'closed', erased: true }]);
    expect((await post('/erase')).status).toBe(200);
  });

  it.each<[string, object, string, number, string]>([
    ['/note', { note: 'x', by: 'bob' }, 'operates', 422, 'unknown_member'],
    ['/take', {}, 'audits', 403, 'role_missing'],
    ['/note', {}, 'operates', 422, 'invalid_request'],
    ['/note', { note: '' }, 'operates', 422, 'invalid_request'],
    ['/note', { note: 'x'.repeat(2_001) }, 'operates', 422, 'invalid_request'],
    ['/note', { note: 'x' }, 'approves', 403, 'role_missing'],
    ['/close', { note: 'x' }, 'operates', 422, 'invalid_request'],
    ['/close', { outcome: 'harmless' }, 'operates', 422, 'invalid_request'],
    ['/close', { outcome: 'fine', note: 'x' }, 'operates', 422, 'invalid_request'],
    ['/close', { outcome: 'harmless', note: 'x' }, 'audits', 403, 'role_missing'],
    ['/erase', {}, 'audits', 403, 'role_missing'],
  ])('stay as they are after POST …%s of %j by who %s', async (path, body, as, status, code) => {
    const { get, post } = await served();
    const answer = await post(path, body, as);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect((await get(`/${NUMBER}`)).body).toEqual({ report: CASE });
  });
});
