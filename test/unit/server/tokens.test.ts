import { expect, test, vi } from 'vitest';
import { KeywardError } from '../../../src/kernel/errors.ts';
import type { TokenRequest } from '../../../src/kernel/issuance.ts';
import { dataPlane } from '../../support/on-loopback.ts';
import { ISSUED, RELEASED } from '../../support/payments.ts';

const PATH = '/v1/scopes/payments/tokens';

async function ask(body: string | object, changes: Parameters<typeof dataPlane>[0] = {}) {
  const http = await dataPlane(changes);
  return http
    .post(PATH)
    .set('Authorization', 'Bearer signs')
    .set('Content-Type', 'application/json')
    .send(typeof body === 'string' ? body : JSON.stringify(body));
}

test('a token is answered as 201 with its key, id and times, and kept by no cache', async () => {
  const answer = await ask({ claims: { sub: 'u' } });
  expect(answer.status).toBe(201);
  expect(answer.body).toEqual(ISSUED);
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  expect(answer.headers['cache-control']).toBe('no-store');
  expect(answer.headers).not.toHaveProperty('etag');
});

test('the issuer is asked for the scope of the path and the client of the credential', async () => {
  const issue = vi.fn(async (_request: TokenRequest) => RELEASED);
  await ask(
    { claims: { sub: 'u', n: [1, { a: null }] }, ttl_seconds: 60, typ: 'JWT' },
    { issuer: { issue } },
  );
  expect(issue.mock.calls).toEqual([
    [
      {
        scopeId: 'payments',
        clientId: 'identity',
        claims: { sub: 'u', n: [1, { a: null }] },
        ttlSeconds: 60,
        typ: 'JWT',
      },
    ],
  ]);
});

test.each([
  ['{"claims":{},"ttl":1}', 'unknown_member', 'leave out ttl'],
  ['{"ttl_seconds":1}', 'invalid_request', 'claims: use an object of claims'],
  ['{"claims":[]}', 'invalid_request', 'claims: use an object of claims'],
  ['{"claims":{},"ttl_seconds":1.5}', 'invalid_request', 'ttl_seconds: use a whole number of seconds'],
  ['{"claims":{},"ttl_seconds":"60"}', 'invalid_request', 'ttl_seconds: use a whole number of seconds'],
  ['{"claims":{},"typ":"jwt"}', 'invalid_request', 'typ: use at+jwt or JWT'],
])('%s is refused as %s', async (body, code, detail) => {
  const answer = await ask(body);
  expect([answer.status, answer.body.code, answer.body.detail]).toEqual([422, code, detail]);
});

test.each([
  ['', 'the body is not JSON'],
  ['{"claims":{}', 'the body is not JSON'],
  ['[]', 'the body is not a JSON object'],
  ['{"claims":{"sub":"a","sub":"b"}}', 'a member stands twice in one object'],
  ['{"claims":{"__proto__":{}}}', 'no member may be called __proto__ or hold U+0000'],
  ['{"claims":{"a":[{"su\\u0000b":"admin"}]}}', 'no member may be called __proto__ or hold U+0000'],
  [
    '{"claims":{"sub":"alice","Sub":"admin"}}',
    'two members of one object differ only in case, blanks or what is not shown: leave one out',
  ],
])('%s is refused as malformed JSON', async (body, detail) => {
  const answer = await ask(body);
  expect([answer.status, answer.body.code, answer.body.detail]).toEqual([400, 'malformed_json', detail]);
});

test('a body that is not UTF-8 is refused', async () => {
  const http = await dataPlane();
  const asked = http.post(PATH).set('Authorization', 'Bearer signs').set('Content-Type', 'application/json');
  asked.write(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]));
  const answer = await asked;
  expect([answer.status, answer.body.code, answer.body.detail]).toEqual([
    400,
    'malformed_json',
    'the body is not valid UTF-8',
  ]);
});

const nested = (levels: number) => `${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`;

test('claims of 16 levels pass and claims of 17 are too deep', async () => {
  const passes = await ask(`{"claims":${nested(16)}}`);
  const refused = await ask(`{"claims":${nested(17)}}`);
  expect(passes.status).toBe(201);
  expect([refused.status, refused.body.code]).toEqual([422, 'claims_too_deep']);
});

test('a body of 64 KiB is read and one byte more is not', async () => {
  const frame = '{"claims":{"a":""}}'.length;
  const sized = (bytes: number) => `{"claims":{"a":"${'x'.repeat(bytes - frame)}"}}`;
  expect((await ask(sized(65_536))).status).toBe(201);
  const refused = await ask(sized(65_537));
  expect([refused.status, refused.body.code, refused.body.detail]).toEqual([
    413,
    'body_too_large',
    'the body may take 65536 bytes',
  ]);
});

test('a body that announces no length is stopped at the same byte', async () => {
  const http = await dataPlane();
  const asked = http
    .post(PATH)
    .set('Authorization', 'Bearer signs')
    .set('Content-Type', 'application/json')
    .set('Transfer-Encoding', 'chunked');
  asked.write('x'.repeat(40_000));
  asked.write('x'.repeat(40_000));
  const answer = await asked;
  expect([answer.status, answer.body.code]).toEqual([413, 'body_too_large']);
});

const NO_PARAMETER = 'write each parameter of Content-Type as name=value, without blanks around the =';

test.each([
  ['application/json; charset=utf-8', 201],
  ['Application/JSON;charset="UTF-8"', 201],
  ['application/json;', 201],
  ['application/json; charsets=utf-16', 201],
  ['application/json ; profile="a;b\\"c" ;charset=UTF-8;', 201],
  ['application/json; charset=latin1', 'send the body in UTF-8'],
  ['application/json; charset="utf-16"', 'send the body in UTF-8'],
  ['application/json; charset=utf-8; charset=utf-16', 'send the body in UTF-8'],
  ["application/json; charset*=utf-16''", 'send the body in UTF-8'],
  ["application/json; Charset*0*=utf-16''", 'send the body in UTF-8'],
  ['application/json; charset = utf-16', NO_PARAMETER],
  ['application/json; charset =utf-8', NO_PARAMETER],
  ['application/json; charset= utf-8', NO_PARAMETER],
  ['application/json; charset', NO_PARAMETER],
  ['application/json; charset="utf-8', NO_PARAMETER],
  ['application/json; profile="a;b"c; charset=utf-16', NO_PARAMETER],
  ['application/json; =utf-8', NO_PARAMETER],
  ['application/json; a=b, text/plain', NO_PARAMETER],
  ['application/jsonp', 'send the body as application/json'],
  ['text/plain', 'send the body as application/json'],
])('a body of %s is answered %s', async (type, outcome) => {
  const http = await dataPlane();
  const answer = await http
    .post(PATH)
    .set('Authorization', 'Bearer signs')
    .set('Content-Type', type)
    .serialize(() => '{"claims":{}}')
    .send({});
  expect(answer.status === 415 ? answer.body.detail : answer.status).toBe(outcome);
});

test('a body with a content coding is refused unread', async () => {
  const http = await dataPlane();
  const answer = await http
    .post(PATH)
    .set('Authorization', 'Bearer signs')
    .set('Content-Encoding', 'gzip')
    .send({ claims: {} });
  expect([answer.status, answer.body.code]).toEqual([415, 'unsupported_media_type']);
});

test('what the issuer refuses is told with its own code and words', async () => {
  const error = new KeywardError('reserved_claim', 'leave out iss', { cause: new Error('inside') });
  const answer = await ask({ claims: {} }, { issuer: { issue: () => Promise.reject(error) } });
  expect([answer.status, answer.body.code, answer.body.detail]).toEqual([
    422,
    'reserved_claim',
    'leave out iss',
  ]);
});
