import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createSigner } from '../../../src/client/signer.ts';
import type { SignerOptions } from '../../../src/client/signer-options.ts';
import { KeywardError } from '../../../src/kernel/errors.ts';
import type { IssuedToken, TokenIssuer, TokenRequest } from '../../../src/kernel/issuance.ts';
import { ISSUED, RELEASED } from '../../support/payments.ts';
import { SIGNS } from '../../support/verifying-service.ts';
import { verifyingScope } from './verifying-scope.ts';

const ONE = 'POST /v1/scopes/payments/tokens';
const BATCH = 'POST /v1/scopes/payments/tokens/batch';

async function signing(
  options: Partial<SignerOptions> = {},
  issue: (request: TokenRequest) => Promise<IssuedToken> = async ({ claims }) => ({
    ...RELEASED,
    jti: String(claims.sub),
  }),
) {
  const seen: TokenRequest[] = [];
  const issuer: TokenIssuer = {
    issue(request) {
      if (!('claims' in request)) throw new Error('not asked for in this test');
      seen.push(request);
      return issue(request);
    },
  };
  const { service } = await verifyingScope({ deps: { issuer } });
  const signer = createSigner({ url: service.url, scope: 'payments', credential: 'signs', ...options });
  return { signer, service, seen, asked: () => [service.asked(ONE), service.asked(BATCH)] };
}

const busy = () =>
  new KeywardError('hsm_unavailable', 'the HSM is away; try again', { retryAfterSeconds: 0 });

describe('asking for tokens', () => {
  it('one is one request, with what was asked for', async () => {
    const { signer, seen, asked } = await signing();
    const token = await signer.sign({ sub: 'alice', cart: [1] }, { ttlSeconds: 60, typ: 'JWT' });
    expect(token).toEqual({ ...ISSUED, jti: 'alice' });
    expect(seen).toMatchObject([
      { scopeId: 'payments', claims: { sub: 'alice', cart: [1] }, ttlSeconds: 60, typ: 'JWT' },
    ]);
    expect(asked()).toEqual([1, 0]);
  });

  it('those of one turn travel together, and each gets its own', async () => {
    const { signer, asked } = await signing();
    const subjects = Array.from({ length: 1_100 }, (_, n) => `user-${n}`);
    const tokens = await Promise.all(subjects.map((sub) => signer.sign({ sub })));
    expect(tokens.map(({ jti }) => jti)).toEqual(subjects);
    expect(asked()).toEqual([0, 3]);
  });

  it('one that is refused fails alone, with the code of its problem', async () => {
    const { signer } = await signing({}, async ({ claims }) => {
      if (claims.sub === 'bad') throw new KeywardError('invalid_claims', 'sub: no');
      return { ...RELEASED, jti: String(claims.sub) };
    });
    const outcomes = await Promise.allSettled(['a', 'bad', 'b'].map((sub) => signer.sign({ sub })));
    expect(outcomes).toMatchObject([
      { status: 'fulfilled', value: { jti: 'a' } },
      {
        status: 'rejected',
        reason: { name: 'ServiceFailure', code: 'invalid_claims', status: 422, message: 'sub: no' },
      },
      { status: 'fulfilled', value: { jti: 'b' } },
    ]);
  });

  it('one that spoils the whole batch is found, and the others get their tokens', async () => {
    const { signer, asked } = await signing();
    const spoilt = JSON.parse('{"sub":"bad","__proto__":1}');
    const outcomes = await Promise.allSettled(
      [{ sub: 'a' }, spoilt, { sub: 'b' }].map((claims) => signer.sign(claims)),
    );
    expect(outcomes).toMatchObject([
      { value: { jti: 'a' } },
      { reason: { status: 400, code: 'malformed_json' } },
      { value: { jti: 'b' } },
    ]);
    expect(asked()).toEqual([3, 1]);
  });

  it('what cannot be sent is refused by itself', async () => {
    const { signer, asked } = await signing();
    const [bad, good] = await Promise.allSettled([signer.sign({ n: 1n }), signer.sign({ sub: 'a' })]);
    expect(bad).toMatchObject({ status: 'rejected', reason: expect.any(TypeError) });
    expect(good).toMatchObject({ status: 'fulfilled' });
    expect(asked()).toEqual([1, 0]);
  });
});

it.each([
  [{ n: Number.NaN }, {}, 'claims.n: JSON has no NaN'],
  [new Map(), {}, 'claims: use plain objects, arrays, text, numbers, booleans and null'],
  [[], {}, 'claims: use an object'],
  [new Date(0), {}, 'claims: use an object'],
  [{ toJSON: () => null }, {}, 'claims: use an object'],
  [{ toJSON: () => [] }, {}, 'claims: use an object'],
  [{ at: new Date(Number.NaN) }, {}, 'claims.at: JSON has no invalid date'],
  [{}, { ttlSeconds: Number.NaN }, 'ttlSeconds: use a whole number above 0'],
  [{}, { ttlSeconds: 0 }, 'ttlSeconds: use a whole number above 0'],
  [{}, { typ: 7 }, 'typ: use text'],
  [{}, { typ: 'JWT\ud800' }, 'typ: use text'],
])('%o with %o is a TypeError, and nothing is sent', async (claims, options, message) => {
  const { signer, asked } = await signing();
  const wrong = [claims, options] as unknown as Parameters<typeof signer.sign>;
  await expect(signer.sign(...wrong)).rejects.toThrow(new TypeError(message));
  expect(asked()).toEqual([0, 0]);
});

it('claims that write themselves are read once, by their name', async () => {
  const { signer, seen } = await signing();
  let reads = 0;
  await signer.sign({
    toJSON(name: string) {
      reads += 1;
      return { sub: name };
    },
  });
  expect([reads, seen]).toMatchObject([1, [{ claims: { sub: 'claims' } }]]);
});

it('an answer that is not JSON is a failure of the service', async () => {
  const { signer, service } = await signing();
  service.instead = (_request, response) =>
    void response.writeHead(201, { 'content-type': 'application/json' }).end('<html>');
  await expect(signer.sign({ sub: 'a' })).rejects.toMatchObject({
    name: 'ServiceFailure',
    message: 'the answer is not strict JSON',
  });
});

it.each([
  ['86400', 60],
  ['2147484', 60],
  ['9'.repeat(400), undefined],
  ['1e1', undefined],
  ['-1', undefined],
  ['7', 7],
])('Retry-After: %s counts as %s', async (header, seconds) => {
  const { signer, service } = await signing();
  service.instead = (_request, response) => void response.writeHead(500, { 'retry-after': header }).end();
  await expect(signer.sign({ sub: 'a' })).rejects.toMatchObject({ status: 500, retryAfterSeconds: seconds });
});

describe('repeating', () => {
  it('a call of which the service says that no token was made, alone or in a batch', async () => {
    let failures = 2;
    const { signer } = await signing({}, async ({ claims }) => {
      if (claims.sub === 'late' && failures-- > 0) throw busy();
      return { ...RELEASED, jti: String(claims.sub) };
    });
    const tokens = await Promise.all(['late', 'a'].map((sub) => signer.sign({ sub })));
    expect(tokens.map(({ jti }) => jti)).toEqual(['late', 'a']);
    failures = 1;
    expect((await signer.sign({ sub: 'late' })).jti).toBe('late');
  });

  it('ends after so many attempts', async () => {
    const { signer, seen } = await signing({}, () => Promise.reject(busy()));
    await expect(signer.sign({ sub: 'a' })).rejects.toMatchObject({ code: 'hsm_unavailable', status: 503 });
    expect(seen).toHaveLength(4);
  });

  it('is not for a call whose answer was lost: a token may have been made', async () => {
    const { signer, service } = await signing();
    let reached = 0;
    service.instead = (request) => {
      reached += 1;
      request.socket.destroy();
    };
    await expect(signer.sign({ sub: 'a' })).rejects.toMatchObject({
      name: 'ServiceFailure',
      status: undefined,
    });
    expect(reached).toBe(1);
  });

  it('is for a service that was not there', async () => {
    const { signer, service } = await signing();
    await service.away();
    const token = signer.sign({ sub: 'a' });
    await service.back();
    expect((await token).jti).toBe('a');
  });

  it('does not go beyond the deadline', async () => {
    const { signer, seen } = await signing({ deadlineMs: 2_000 }, () =>
      Promise.reject(new KeywardError('hsm_unavailable', 'away', { retryAfterSeconds: 60 })),
    );
    await expect(signer.sign({ sub: 'a' })).rejects.toMatchObject({ code: 'hsm_unavailable' });
    expect(seen).toHaveLength(1);
  });

  it.each<[string, Partial<SignerOptions>]>([
    ['a credential', { credential: () => new Promise(() => {}) }],
    ['a fetch', { fetch: () => new Promise(() => {}) }],
    [
      'a body',
      {
        fetch: async () =>
          new Response(new ReadableStream(), { headers: { 'content-type': 'application/json' } }),
      },
    ],
    ['the body of a refusal', { fetch: async () => new Response(new ReadableStream(), { status: 400 }) }],
  ])(
    'nor does %s that never comes and heeds no signal, and the next call has its place',
    async (_, hanging) => {
      const [hangs, served] = [hanging, { credential: SIGNS, fetch }];
      let current: Partial<SignerOptions> = hangs;
      const asking = <K extends 'credential' | 'fetch'>(name: K) => current[name] ?? served[name];
      const { signer } = await signing({
        deadlineMs: 300,
        credential: () => {
          const held = asking('credential');
          return typeof held === 'string' ? held : held();
        },
        fetch: (...call) => asking('fetch')(...call),
      });
      const failed = { name: 'ServiceFailure', message: expect.stringMatching(/^no answer within \d+ ms$/) };
      for (let turn = 0; turn < 2; turn += 1) {
        const pending: Promise<unknown>[] = [];
        for (let call = 0; call < 4; call += 1) {
          pending.push(signer.sign({ sub: 'a' }));
          await setImmediate();
        }
        for (const outcome of await Promise.allSettled(pending))
          expect(outcome).toMatchObject({ reason: failed });
      }
      current = {};
      expect((await signer.sign({ sub: 'a' })).jti).toBe('a');
    },
  );

  it('what a credential gives after the deadline is sent to nobody', async () => {
    const late = Promise.withResolvers<string>();
    const { signer, asked } = await signing({
      deadlineMs: 50,
      credential: () => late.promise,
      fetch: (url, init) => fetch(url, { ...init, signal: null }),
    });
    await expect(signer.sign({ sub: 'a' })).rejects.toThrow('no answer within');
    late.resolve(SIGNS);
    await setImmediate();
    expect(asked()).toEqual([0, 0]);
  });

  it.each([201, 500])('the body of an answer %i after the deadline is canceled', async (status) => {
    const late = Promise.withResolvers<Response>();
    const { signer } = await signing({ deadlineMs: 50, fetch: () => late.promise });
    await expect(signer.sign({ sub: 'a' })).rejects.toThrow('no answer within');
    const canceled = Promise.withResolvers<void>();
    const body = new ReadableStream({ cancel: () => canceled.resolve() });
    late.resolve(new Response(body, { status, headers: { 'content-type': 'application/json' } }));
    await canceled.promise;
  });

  it('nor does an answer that does not come', async () => {
    const { signer } = await signing({ deadlineMs: 100 }, () => new Promise(() => {}));
    await expect(signer.sign({ sub: 'a' })).rejects.toThrow(/no answer within \d+ ms/);
  });
});

it.each([
  ['fewer results than requests', { results: [] }, 'the answer does not have a result for each request'],
  ['results that are no tokens', { results: [{}, {}] }, 'the answer holds no token'],
])('an answer with %s gives nobody a token', async (_, answer, message) => {
  const { signer, service } = await signing();
  service.instead = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  };
  for (const outcome of await Promise.allSettled([signer.sign({ sub: 'a' }), signer.sign({ sub: 'b' })])) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: { message } });
  }
});

const OUT_OF_RANGE = [0, -1, 2 ** 31, 2 ** 32, Number.POSITIVE_INFINITY, Number.NaN, '5000', null, 5_000n];
it.each<[object, string]>([
  [{ scope: 'Payments' }, 'scope: name one key scope by its id'],
  ...OUT_OF_RANGE.map((deadlineMs): [object, string] => [
    { deadlineMs },
    'deadlineMs: use a number of milliseconds, 2147483647 at most',
  ]),
])('%o is refused when the signer is made', (changes, message) => {
  const options = { url: 'https://keys.example', scope: 'payments', credential: 'x', ...changes };
  expect(() => createSigner(options)).toThrow(new TypeError(message));
});

it.each([0.5, 1, 2 ** 31 - 1, undefined])('a deadline of %s ms is taken', (deadlineMs) => {
  const options = { url: 'https://keys.example', scope: 'payments', credential: 'x', deadlineMs };
  expect(() => createSigner(options)).not.toThrow();
});
