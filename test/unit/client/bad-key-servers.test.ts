import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { VerifierProblem } from '../../../src/client/errors.ts';
import { KeySetKeeper, loaderOf } from '../../../src/client/key-set-keeper.ts';
import { Service } from '../../../src/client/service.ts';
import { DEFAULT_POLICY } from '../../../src/kernel/policy.ts';
import { composePublishedKey, composePublishedPolicy } from '../../../src/token/published-key-set.ts';
import { heldTime } from '../../support/held-time.ts';
import { type SoftwareKey, signedBy, softwareKey } from '../../support/software-keys.ts';

const NOW = 1_800_000_000;
const ISSUER = 'https://login.example.com';
const registry = softwareKey('ES256');
const stranger = softwareKey('ES256');
const key = softwareKey('ES256');
const rsa = softwareKey('RS256');
const bounds = { publishedAt: NOW, signFrom: null, signUntil: NOW + 100, verifyUntil: NOW + 3_730 };

const jwkOf = ({ kid, publicJwk }: SoftwareKey, changes: object = {}) => ({
  ...composePublishedKey({ kid, publicJwk, algorithm: 'ES256', ...bounds }),
  ...changes,
});
const kw_policy = composePublishedPolicy(DEFAULT_POLICY);
const aSet = (changes: object = {}) => ({
  keys: [jwkOf(key)],
  kw_policy,
  kw_scope: 'payments',
  kw_version: 2,
  ...changes,
});

let answer: RequestListener;
const server = createServer((request, response) => answer(request, response));
let url: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

const serving =
  (body: string | object, type = 'application/jwk-set+json', status = 200): RequestListener =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': type, 'cache-control': 'public, max-age=60' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };

function keeperOf(options: { registryKey?: object | readonly object[] } = {}) {
  const problems: VerifierProblem[] = [];
  const time = heldTime(NOW);
  const loader = (deadlineMs: number) =>
    loaderOf(new Service({ url }), { scope: 'payments', issuer: ISSUER, ...options }, time, deadlineMs);
  const [patient, hasty] = [loader(60_000), loader(500)];
  // Only a server that hangs is to run into the deadline, not a machine that is busy.
  const load = () => (HANGING.has(answer) ? hasty : patient)();
  const reportProblem = (problem: VerifierProblem) => problems.push(problem);
  return {
    keeper: new KeySetKeeper({ load, surroundings: time, reportProblem, onAdopted: () => {} }),
    problems,
  };
}

const nothing: RequestListener = () => {};
const dripping: RequestListener = (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).write('{');
};
const HANGING = new Set([nothing, dripping]);

const hundredMegabytes = (_request: IncomingMessage, response: ServerResponse) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  const chunk = Buffer.alloc(64 * 1024, ' ');
  let left = 1_600;
  const more = () => {
    while (left-- > 0 && !response.destroyed)
      if (!response.write(chunk)) return void response.once('drain', more);
    response.end();
  };
  more();
};

beforeEach(() => {
  answer = serving(aSet());
});

describe('a key server that is bad: the last good set goes on, and it is said why', () => {
  it.each<[string, RequestListener, string, string]>([
    ['answers nothing', nothing, 'key_set_unreachable', 'no answer within 500 ms'],
    ['drips', dripping, 'key_set_unreachable', 'no answer within 500 ms'],
    [
      'hangs up',
      (request) => void request.socket.destroy(),
      'key_set_unreachable',
      'the service does not answer',
    ],
    ['sends 100 MB', hundredMegabytes, 'key_set_unreachable', 'the answer exceeds 262144 bytes'],
    [
      'sends a page',
      serving('<html>', 'text/html'),
      'key_set_unreachable',
      'the answer is text/html, not application/jwk-set+json',
    ],
    ['fails', serving({}, 'application/json', 500), 'key_set_unreachable', 'the service answered 500'],
    [
      'leads elsewhere',
      (_request, response) => void response.writeHead(302, { location: '/elsewhere' }).end(),
      'key_set_unreachable',
      'the service does not answer',
    ],
    ...(
      [
        ['sends what is no JSON', 'key: value', 'refused as not_json'],
        [
          'names a member twice',
          JSON.stringify(aSet()).replace('{', '{"keys":[],'),
          'refused as duplicate_member',
        ],
        ['answers for another scope', aSet({ kw_scope: 'mail' }), 'it is the key set of another scope'],
        ['names no scope', aSet({ kw_scope: undefined }), 'it is the key set of another scope'],
        ['names no version', aSet({ kw_version: undefined }), 'it has no version'],
        [
          'names no policy',
          aSet({ kw_policy: undefined }),
          'kw_policy.require_subject is missing or out of bounds',
        ],
        [
          'names a policy out of bounds',
          aSet({ kw_policy: { ...kw_policy, clock_skew_seconds: 301 } }),
          'kw_policy.clock_skew_seconds is missing or out of bounds',
        ],
        ['has no keys', aSet({ keys: undefined }), 'it has no list of keys'],
        ['has a key twice', aSet({ keys: [jwkOf(key), jwkOf(key)] }), 'a key stands in it twice'],
        ['has 257 keys', aSet({ keys: Array(257).fill(jwkOf(key)) }), 'it has no list of keys'],
        [
          'mixes in a symmetric key',
          aSet({ keys: [jwkOf(key), { kty: 'oct', kid: 'x', alg: 'HS256', k: 'AAAA' }] }),
          'the public key holds a secret member',
        ],
        [
          'mixes in a symmetric key without its secret',
          aSet({ keys: [jwkOf(key), { kty: 'oct', kid: 'x', alg: 'HS256' }] }),
          'the public key has a type that is not in use here',
        ],
        [
          'mixes in a private key',
          aSet({ keys: [jwkOf(key, stranger.privateKey.export({ format: 'jwk' }))] }),
          'the public key holds a secret member',
        ],
        [
          'mixes in a key of another curve',
          aSet({ keys: [jwkOf(key), jwkOf(softwareKey('ES384'))] }),
          'the public key has no alg that fits it',
        ],
        [
          'mixes in a point off the curve',
          aSet({ keys: [jwkOf(key, { x: 'A'.repeat(43) })] }),
          'the public key is not on its curve',
        ],
        [
          'has a key under another name',
          aSet({ keys: [jwkOf(stranger, { kid: key.kid })] }),
          'the public key has another kid than its thumbprint',
        ],
        [
          'has a key for encryption',
          aSet({ keys: [jwkOf(key, { use: 'enc' })] }),
          'the public key is not for signatures',
        ],
        [
          'has a key without an end',
          aSet({ keys: [jwkOf(key, { exp: undefined })] }),
          'the public key has no bounds',
        ],
        [
          'has a key whose bounds are out of order',
          aSet({ keys: [jwkOf(key, { kw_sign_until: NOW - 1 })] }),
          'the public key has bounds out of order',
        ],
        [
          'has a key under another algorithm',
          aSet({ keys: [jwkOf(rsa)] }),
          'the public key has no alg that fits it',
        ],
        ['is older than what was seen', aSet({ kw_version: 1 }), 'its version is 1, and 2 has been seen'],
      ] as const
    ).map(
      ([name, body, why]) =>
        [name, serving(body), 'key_set_refused', `the key set is not taken up: ${why}`] as [
          string,
          RequestListener,
          string,
          string,
        ],
    ),
  ])('%s', async (_, bad, code, message) => {
    const { keeper, problems } = keeperOf();
    await keeper.get();
    answer = bad;
    await keeper.renew().catch(() => undefined);
    expect(problems).toMatchObject([{ code, message }]);
    expect([keeper.held?.version, [...(keeper.peek()?.keys.keys() ?? [])]]).toEqual([2, [key.kid]]);
  });
});

it.each<[object, number | undefined]>([
  [{ 'cache-control': 'public, max-age=60' }, 60],
  [{ 'cache-control': 'Max-Age=60, public', age: '20' }, 40],
  [{ 'cache-control': 'max-age=0' }, 0],
  [{ 'cache-control': 'max-age=60', age: '300' }, -240],
  [{ 'cache-control': 'max-age=60', age: '1e999' }, 60],
  [{ 'cache-control': 'max-age=60', age: '0x500' }, 60],
  [{ 'cache-control': 'max-age=60', age: '-7' }, 60],
  [{ 'cache-control': 'max-age=00000000000000300' }, undefined],
  [{ 'cache-control': 'max-age=3e1' }, undefined],
  [{ 'cache-control': 's-maxage=5' }, undefined],
  [{}, undefined],
])('the headers %j leave a key set %s seconds', async (headers, seconds) => {
  answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/jwk-set+json', ...headers });
    response.end(JSON.stringify(aSet()));
  };
  const load = loaderOf(new Service({ url }), { scope: 'payments', issuer: ISSUER }, heldTime(NOW));
  expect((await load()).maxAgeSeconds).toBe(seconds);
});

describe('a key set that must be signed', () => {
  const claims = (changes: object = {}) => {
    const { kw_scope: _, kw_version: __, ...set } = aSet();
    return { iss: ISSUER, sub: 'payments', iat: NOW, exp: NOW + 3_900, version: 2, ...set, ...changes };
  };
  const header = { alg: 'ES256', typ: 'jwk-set+jwt', kid: registry.kid };
  const signed = (of: object, by = registry, with_: object = header) =>
    serving(signedBy(by, with_, of), 'application/jwk-set+jwt');
  const pinned = { registryKey: registry.publicJwk };

  it('is taken up by the key that is pinned', async () => {
    answer = signed(claims());
    expect((await keeperOf(pinned).keeper.get()).expiresAt).toBe(NOW + 3_900);
  });

  it('is taken up by each of several keys that are pinned, and by no other', async () => {
    const several = { registryKey: [stranger.publicJwk, registry.publicJwk] };
    for (const by of [registry, stranger]) {
      answer = signed(claims(), by, { ...header, kid: by.kid });
      expect((await keeperOf(several).keeper.get()).version).toBe(2);
    }
    answer = signed(claims(), registry);
    await expect(keeperOf({ registryKey: [stranger.publicJwk] }).keeper.get()).rejects.toThrow();
    expect(() => keeperOf({ registryKey: [] })).toThrow('registryKey: name at least one key');
  });

  it.each<[string, RequestListener, string]>([
    [
      'by another key',
      signed(claims(), stranger, { ...header, kid: stranger.kid }),
      'it is signed by another key than the one that is pinned',
    ],
    ['by another key under the pinned name', signed(claims(), stranger), 'its signature is wrong'],
    ['of another type', signed(claims(), registry, { ...header, typ: 'JWT' }), 'it is no signed key set'],
    ['of another scope', signed(claims({ sub: 'mail' })), 'it is the key set of another scope'],
    [
      'of another issuer',
      signed(claims({ iss: 'https://x.example' })),
      'it is the key set of another issuer',
    ],
    ['that has expired', signed(claims({ exp: NOW })), 'it has expired'],
    ['that never expires', signed(claims({ exp: undefined })), 'it has expired'],
    ['without a version', signed(claims({ version: undefined })), 'it has no version'],
    ['that is no token', serving('x', 'application/jwk-set+jwt'), 'it is malformed: not_compact'],
  ])('is not taken up %s', async (_, bad, why) => {
    const { keeper, problems } = keeperOf(pinned);
    answer = bad;
    await expect(keeper.get()).rejects.toThrow('there is no key set yet');
    expect(problems).toMatchObject([
      { code: 'key_set_refused', message: `the key set is not taken up: ${why}` },
    ]);
  });

  it('is not taken up plain', async () => {
    const { keeper, problems } = keeperOf(pinned);
    await expect(keeper.get()).rejects.toThrow('there is no key set yet');
    expect(problems).toMatchObject([{ code: 'key_set_unreachable' }]);
  });
});
