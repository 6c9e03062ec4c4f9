import { expect, onTestFinished, test, vi } from 'vitest';
import { KeywardError } from '../../../src/kernel/errors.ts';
import type { TokenIssuer } from '../../../src/kernel/issuance.ts';
import { dataPlane } from '../../support/on-loopback.ts';
import { ISSUED, RELEASED } from '../../support/payments.ts';
import { LIMITS } from '../../support/planes.ts';
import { recordedLog } from '../../support/recorded-log.ts';

const PATH = '/v1/scopes/payments/tokens/batch';

async function ask(body: object, changes: Parameters<typeof dataPlane>[0] = {}) {
  const http = await dataPlane(changes);
  return http.post(PATH).set('Authorization', 'Bearer signs').set('X-Request-Id', 'req-1').send(body);
}

const requests = (count: number) => ({ requests: Array(count).fill({ claims: {} }) });

const bySubject: TokenIssuer = {
  async issue(request) {
    const claims = 'claims' in request ? request.claims : {};
    if (claims.sub === 'refused') throw new KeywardError('ttl_out_of_policy', 'too long');
    if (claims.sub === 'broken') throw new Error('a secret of the inside');
    return { ...RELEASED, jti: `jti-${claims.sub}` };
  },
};

test('a batch is answered in order, a token or a problem for each request', async () => {
  const { log, lines } = recordedLog();
  const batch = { requests: ['a', 'refused', 'broken', 'b'].map((sub) => ({ claims: { sub } })) };
  const answer = await ask(batch, { issuer: bySubject, log });
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual({
    results: [
      { ...ISSUED, jti: 'jti-a' },
      {
        problem: {
          type: 'urn:keyward:problem:ttl_out_of_policy',
          title: 'The lifetime is outside the policy',
          status: 422,
          code: 'ttl_out_of_policy',
          detail: 'too long',
          request_id: 'req-1',
        },
      },
      {
        problem: {
          type: 'urn:keyward:problem:internal',
          title: 'Something went wrong inside',
          status: 500,
          code: 'internal',
          request_id: 'req-1',
        },
      },
      { ...ISSUED, jti: 'jti-b' },
    ],
  });
  expect(lines.map(({ level, request_id }) => [level, request_id])).toEqual([[50, 'req-1']]);
});

test('a batch holds 1 to 1,000 requests', async () => {
  const codes = [];
  for (const count of [0, 1, 1_000, 1_001]) {
    const { status, body } = await ask(requests(count));
    codes.push([status, body.code ?? body.results.length]);
  }
  expect(codes).toEqual([
    [422, 'invalid_request'],
    [200, 1],
    [200, 1_000],
    [422, 'batch_too_large'],
  ]);
});

test('a batch of many small members is refused before it is read, however few bytes it takes', async () => {
  const claims = Object.fromEntries(Array.from({ length: 70 }, (_, at) => [`c${at}`, 1]));
  const many = (count: number) => ({ requests: Array.from({ length: count }, () => ({ claims })) });
  const codes = [];
  for (const count of [900, 1_000]) {
    const { status, body } = await ask(many(count));
    codes.push([status, body.code ?? body.results.length]);
  }
  expect(codes).toEqual([
    [200, 900],
    [413, 'body_too_large'],
  ]);
});

test('a request of a batch that is not as described is named, and none is issued', async () => {
  const answer = await ask({ requests: [{ claims: {} }, { claims: {}, ttl: 1 }] });
  expect([answer.status, answer.body.code, answer.body.detail]).toEqual([
    422,
    'unknown_member',
    'leave out requests.1.ttl',
  ]);
});

/** The first token is there; whatever `meanwhile` does comes before the last. */
function slowBatch(meanwhile: () => void): TokenIssuer {
  let asked = 0;
  return {
    async issue() {
      asked += 1;
      if (asked === 2) await new Promise<void>((resolve) => setImmediate(resolve)).then(meanwhile);
      return RELEASED;
    },
  };
}

test('a token that waited for the rest of its batch is kept back once the grant is gone', async () => {
  let granted = true;
  const grants = { allows: () => granted };
  const issuer = slowBatch(() => {
    granted = false;
  });
  const answer = await ask(requests(2), { issuer, grants });
  expect([answer.status, answer.body.code]).toEqual([403, 'grant_missing']);
  expect(JSON.stringify(answer.body)).not.toContain(ISSUED.token);
});

test('a token that waited for the rest of its batch is kept back once what it rests on is gone', async () => {
  let stands = true;
  const { issue } = slowBatch(() => {
    stands = false;
  });
  const issuer: TokenIssuer = {
    issue: async (request) => ({ ...(await issue(request)), canRelease: () => stands }),
  };
  const answer = await ask(requests(2), { issuer });
  expect([answer.status, JSON.stringify(answer.body).includes(ISSUED.token)]).toEqual([200, false]);
  expect(answer.body.results.map(({ problem }: { problem: { code: string } }) => problem.code)).toEqual([
    'no_active_key',
    'no_active_key',
  ]);
});

test('a batch counts against the client as its requests would', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const limits = { ...LIMITS, client_requests_per_second: 10 };
  expect((await ask(requests(10), { limits })).status).toBe(200);
  const refused = await ask(requests(11), { limits });
  expect([refused.status, refused.body.code, refused.headers['retry-after']]).toEqual([
    429,
    'rate_limited',
    '1',
  ]);
});
