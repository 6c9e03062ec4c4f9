import { expect, test, vi } from 'vitest';
import {
  digestOfMadePin,
  type KnownSecret,
  type LeakService,
  makeCredential,
  makePin,
} from '../../../src/kernel/credential.ts';
import { KeywardError } from '../../../src/kernel/errors.ts';
import { PartnerReports } from '../../../src/leaks/partners.ts';
import { dataPlane, operationsPlane } from '../../support/on-loopback.ts';
import { NOW } from '../../support/payments.ts';
import { untouched } from '../../support/untouched.ts';

const known: KnownSecret = {
  kind: 'client_credential',
  digest: Buffer.alloc(32, 1),
  live: true,
  holderId: 'identity',
  scopes: ['payments'],
};
const digest = known.digest.toString('base64url');
const REPORT = [
  { token: makeCredential('svc').text, type: 'keyward', url: 'https://a.example\u0007', source: 'commit' },
];

async function partner(
  changes: { withdraw?: LeakService['withdraw']; budget?: number; remembered?: number } = {},
) {
  const partnerOf = vi.fn(({ keyId, signature }: { keyId: string; signature: string }) =>
    keyId === 'one' && signature === 'right' ? 'codehost' : undefined,
  );
  const withdraw = vi.fn<LeakService['withdraw']>(changes.withdraw ?? (async () => {}));
  const find = vi.fn<LeakService['find']>(async (sought) => sought.map(() => known));
  const reportPins = vi.fn<LeakService['reportPins']>(async () => {});
  const http = await dataPlane({
    leaks: untouched<LeakService>({ find, report: async () => {}, withdraw, reportPins }),
    leakPartners: { knows: (keyId) => keyId === 'one', partnerOf },
    leakReports: new PartnerReports(
      { aMinute: changes.budget ?? 60, remembered: changes.remembered ?? 1_000 },
      { nowSeconds: () => NOW },
    ),
  });
  const report = (body: unknown = REPORT, signature = 'right', keyId = 'one') =>
    http
      .post('/v1/leaks')
      .set({ 'Github-Public-Key-Identifier': keyId, 'Github-Public-Key-Signature': signature })
      .set('Content-Type', 'application/json')
      .send(typeof body === 'string' ? body : JSON.stringify(body));
  return { http, report, withdraw, find, reportPins, partnerOf };
}

test('a signed report is withdrawn in the name of its partner, and what is shown of its place is printable', async () => {
  const { report, withdraw } = await partner();
  const { status, body } = await report();
  expect([status, body]).toEqual([
    200,
    [{ token_hash: expect.stringMatching(/^[0-9a-f]{64}$/), token_type: 'keyward', label: 'true_positive' }],
  ]);
  expect(withdraw.mock.calls).toEqual([
    [
      known,
      { place: 'https://a.example\ufffd', source: 'commit', reportedBy: 'partner:codehost' },
      { operatorId: 'partner:codehost', requestId: expect.any(String) },
    ],
  ]);
});

test('a PIN that has the form is told and answered as found, whosever it is; what only looks like one is neither', async () => {
  const { report, find, withdraw, reportPins } = await partner();
  const [pin, other] = [makePin(), makePin()];
  const wrong = pin.slice(0, -1) + (pin.endsWith('0') ? '1' : '0');
  const tokens = [pin, wrong, `${pin}0`, ` ${pin}`, REPORT[0]?.token, other];
  const { status, body } = await report(tokens.map((token) => ({ ...REPORT[0], token })));
  const labels = body.map(({ label }: { label: string }) => label.replace('_positive', ''));
  expect([status, labels]).toEqual([200, ['true', 'false', 'false', 'false', 'true', 'true']]);
  const place = { place: 'https://a.example\ufffd', source: 'commit' };
  expect(reportPins.mock.calls).toEqual([
    [
      [
        { digest: digestOfMadePin(pin), ...place },
        { digest: digestOfMadePin(other), ...place },
      ],
      { operatorId: 'partner:codehost', requestId: expect.any(String) },
    ],
  ]);
  expect([find.mock.calls[0]?.[0].length, withdraw.mock.calls.length]).toEqual([1, 1]);
});

test.each([
  ['a wrong signature', 'wrong', 'one', 401, 'credential_invalid'],
  ['another key', 'right', 'two', 401, 'credential_invalid'],
  ['no signature', '', 'one', 401, 'credential_missing'],
  ['no key', 'right', '', 401, 'credential_missing'],
])('a report with %s is refused before it is parsed', async (_, signature, keyId, status, code) => {
  const { report, find } = await partner();
  const answer = await report('this is no JSON', signature, keyId);
  expect([answer.status, answer.body.code]).toEqual([status, code]);
  expect(find).not.toHaveBeenCalled();
});

test.each([
  ['what is no JSON', 'nonsense', 400, 'malformed_json'],
  ['a member that stands twice', '[{"token":"a","token":"b","type":"c"}]', 400, 'malformed_json'],
  ['an object', { token: 'a', type: 'b' }, 422, 'invalid_request'],
  ['nothing', [], 422, 'invalid_request'],
  ['an entry without a type', [{ token: 'a' }], 422, 'invalid_request'],
  ['more than a thousand', Array.from({ length: 1_001 }, () => REPORT[0]), 422, 'batch_too_large'],
])('a signed report of %s is refused', async (_, body, status, code) => {
  const { report, withdraw } = await partner();
  const answer = await report(body);
  expect([answer.status, answer.body.code]).toEqual([status, code]);
  expect(withdraw).not.toHaveBeenCalled();
});

test('members that a programme adds are passed over', async () => {
  const { report } = await partner();
  expect((await report([{ ...REPORT[0], commit_time: 1, owner: { id: 2 } }])).status).toBe(200);
});

const another = (type: string) => [{ ...REPORT[0], type }];

test('a partner has its share of a minute, of new reports', async () => {
  const { report, withdraw } = await partner({ budget: 1 });
  expect((await report()).status).toBe(200);
  const second = await report(another('other'));
  expect([second.status, second.body.code, second.headers['retry-after']]).toEqual([
    429,
    'rate_limited',
    `${60 - (NOW % 60)}`,
  ]);
  expect((await report()).status).toBe(200);
  expect(withdraw).toHaveBeenCalledTimes(1);
});

test('an old report that somebody sends again and again is answered from memory, and the next new one is heard', async () => {
  const { report, withdraw, find } = await partner();
  const first = await report();
  for (let time = 0; time < 60; time++) {
    const again = await report();
    expect([again.status, again.body]).toEqual([200, first.body]);
  }
  expect([find.mock.calls.length, withdraw.mock.calls.length]).toEqual([1, 1]);
  const next = await report(another('new'));
  expect([next.status, next.body[0].label]).toEqual([200, 'true_positive']);
  expect(withdraw).toHaveBeenCalledTimes(2);
});

test('a report that comes again while it is looked into, or that is no report, takes nothing of the share', async () => {
  const held: (() => void)[] = [];
  const withdraw = () => new Promise<void>((resolve) => held.push(resolve));
  const { report, find } = await partner({ withdraw, budget: 2 });
  const nonsense = await report('nonsense');
  expect([nonsense.status, (await report('nonsense')).status, (await report([])).status]).toEqual([
    400, 400, 422,
  ]);
  const both = Promise.all([report(), report()]);
  await expect.poll(() => held.length).toBe(1);
  const next = Promise.all([report(another('new'))]);
  await expect.poll(() => held.length).toBe(2);
  for (const release of held) release();
  expect([...(await both), ...(await next)].map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(find).toHaveBeenCalledTimes(2);
  expect((await report(another('third'))).status).toBe(429);
});

test('so many reports are remembered, the oldest goes first', async () => {
  const { report, withdraw } = await partner({ remembered: 1 });
  for (const type of ['a', 'b', 'b', 'a']) expect((await report(another(type))).status).toBe(200);
  expect(withdraw).toHaveBeenCalledTimes(3);
});

test('a report whose revocation could not be written is answered so, to be sent again', async () => {
  let away = true;
  const withdraw = async () => {
    if (away) throw new KeywardError('store_unavailable', 'the database is away');
  };
  const { report } = await partner({ withdraw, budget: 1 });
  for (const answer of [await report(), await report()]) {
    expect([answer.status, answer.body.code]).toEqual([503, 'store_unavailable']);
  }
  away = false;
  expect((await report()).status).toBe(200);
});

test('an operator is told what is on record, and nothing of the rest; an event is raised only on request', async () => {
  const tell = vi.fn<LeakService['report']>(async () => {});
  const lookUp = vi.fn<LeakService['lookUp']>(async (sought) =>
    sought.map(({ digest: of }) => (of[0] === 1 ? known : undefined)),
  );
  const http = await operationsPlane({ leaks: untouched({ lookUp, report: tell }) });
  const ask = (body: object, as = 'operates') =>
    http.post('/v1/admin/leaks/digests').set('Authorization', `Bearer ${as}`).send(body);
  const credentials = [{ digest, place: 'a.txt' }, { digest: Buffer.alloc(32, 2).toString('base64url') }];
  const answer = await ask({ credentials });
  expect([answer.status, answer.body]).toEqual([
    200,
    { credentials: [{ digest, live: true, holder: 'client:identity' }], tokens: [] },
  ]);
  expect(tell).not.toHaveBeenCalled();
  const requestId = expect.any(String);
  const by = { reportedBy: 'operator:ada', remote: '127.0.0.1', requestId, places: ['a.txt', ''] };
  expect(lookUp.mock.calls).toEqual([[expect.any(Array), by, { operatorId: 'ada', requestId }]]);
  await ask({ credentials, report: true });
  expect(tell.mock.calls).toEqual([[known, { place: 'a.txt', source: 'scan', reportedBy: 'ada' }]]);
  for (const as of ['audits', 'approves']) {
    const refused = await ask({ credentials }, as);
    expect([refused.status, refused.body.code]).toEqual([403, 'role_missing']);
  }
  const tooMany = await ask({ tokens: Array.from({ length: 1_001 }, () => ({ digest, iat: NOW })) });
  expect([tooMany.status, tooMany.body.code]).toEqual([422, 'batch_too_large']);
});

test('PINs that an operator found are told on request, with a digest or without, and nothing is answered of them', async () => {
  const reportPins = vi.fn<LeakService['reportPins']>(async () => {});
  const http = await operationsPlane({ leaks: untouched({ lookUp: async () => [], reportPins }) });
  const ask = (body: object, as = 'operates') =>
    http.post('/v1/admin/leaks/digests').set('Authorization', `Bearer ${as}`).send(body);
  const pins = [{ digest, place: '.env' }, {}];
  for (const [report, calls] of [
    [false, 0],
    [true, 1],
  ] as const) {
    const answer = await ask({ pins, report });
    expect([answer.status, answer.body]).toEqual([200, { credentials: [], tokens: [] }]);
    expect(reportPins).toHaveBeenCalledTimes(calls);
  }
  expect(reportPins.mock.calls[0]).toEqual([
    [
      { digest: Buffer.from(digest, 'base64url'), place: '.env', source: 'scan' },
      { digest: null, place: 'not said', source: 'scan' },
    ],
    { operatorId: 'ada', requestId: expect.any(String) },
  ]);
  expect((await ask({ pins, report: true }, 'audits')).status).toBe(403);
  const tooMany = await ask({ pins: Array.from({ length: 1_001 }, () => ({ digest })), report: true });
  expect([tooMany.status, tooMany.body.code]).toEqual([422, 'batch_too_large']);
});

test.each(['get', 'post'] as const)('nobody can %s what tells PINs from others', async (method) => {
  const http = await operationsPlane();
  const answer = await http[method]('/v1/admin/leaks/pins').set('Authorization', 'Bearer operates');
  expect([answer.status, answer.body.code]).toEqual([404, 'not_found']);
});
