import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import express from 'express';
import { expect, it, onTestFinished } from 'vitest';
import { type BearerOptions, bearerGuard, claimsOf, requireToken } from '../../../src/client/bearer-guard.ts';
import type { TokenClaims } from '../../../src/client/claims.ts';
import { TokenRefused, VerifierUnavailable } from '../../../src/client/errors.ts';
import type { Verifier } from '../../../src/client/verifier.ts';

const CLAIMS: TokenClaims = { iss: 'i', aud: 'a', iat: 1, exp: 2, sub: 'alice' };

const verifier: Pick<Verifier, 'verify'> = {
  async verify<C extends object>(token: string) {
    if (token === 'good') return CLAIMS as TokenClaims & C;
    if (token === 'bound') return { ...CLAIMS, cnf: { jkt: 'x' } } as unknown as TokenClaims & C;
    if (token === 'away') throw new VerifierUnavailable('there is no key set yet');
    if (token === 'broken') throw new Error('a secret detail');
    throw new TokenRefused('expired');
  },
};

function withExpress(options?: BearerOptions): RequestListener {
  const app = express();
  app.get('/', requireToken(verifier, options), (request, response) => {
    response.json({ sub: claimsOf(request).sub });
  });
  app.use(
    (_error: unknown, _request: express.Request, response: express.Response, _next: express.NextFunction) => {
      response.status(500).end();
    },
  );
  return app;
}

function withNode(options?: BearerOptions): RequestListener {
  const guard = bearerGuard(verifier, options);
  return async (request, response) => {
    try {
      if (await guard(request, response)) response.end(JSON.stringify({ sub: claimsOf(request).sub }));
    } catch {
      response.writeHead(500).end();
    }
  };
}

async function ask(listener: RequestListener, authorization?: string | readonly string[]) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const lines = [authorization ?? []].flat().flatMap((line) => ['Authorization', line]);
  const asking = request({ port, host: '127.0.0.1', headers: ['Host', 'shop', ...lines] }).end();
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  const answer = await text(response);
  return {
    status: response.statusCode,
    challenge: response.headers['www-authenticate'] ?? null,
    retryAfter: response.headers['retry-after'] ?? null,
    body: answer === '' ? undefined : JSON.parse(answer),
  };
}

const SHAPE = 'send one bearer token in the Authorization header';
const CASES = [
  ['a good token', 'Bearer good', { status: 200, body: { sub: 'alice' } }],
  ['the scheme in other letters', 'bearer  good', { status: 200, body: { sub: 'alice' } }],
  ['no token', undefined, { status: 401, challenge: 'Bearer realm="shop"', body: {} }],
  [
    'a refused token',
    'Bearer old',
    {
      status: 401,
      challenge: 'Bearer realm="shop", error="invalid_token", error_description="expired"',
      body: { error: 'invalid_token', error_description: 'expired' },
    },
  ],
  [
    'another scheme',
    'Basic YTpi',
    { status: 400, challenge: `Bearer realm="shop", error="invalid_request", error_description="${SHAPE}"` },
  ],
  ['two tokens', 'Bearer good good', { status: 400 }],
  ['a scheme alone', 'Bearer', { status: 400 }],
  ['two lines', ['Bearer good', 'Bearer old'], { status: 400 }],
  ['the same line twice', ['Bearer good', 'Bearer good'], { status: 400 }],
  ['an empty line beside a good one', ['Bearer good', ''], { status: 400 }],
  [
    'a token that is bound to a key',
    'Bearer bound',
    { status: 401, body: { error: 'invalid_token', error_description: 'bound to a key that was not shown' } },
  ],
  [
    'a token of which nothing can be said',
    'Bearer away',
    { status: 503, challenge: null, retryAfter: '5', body: { error: 'temporarily_unavailable' } },
  ],
  ['an error inside', 'Bearer broken', { status: 500, body: undefined }],
] as const;

it.each(
  CASES.flatMap(([name, authorization, answer]) => [
    [name, 'Express', withExpress, authorization, answer] as const,
    [name, 'node:http', withNode, authorization, answer] as const,
  ]),
)('%s, on %s', async (_, __, listening, authorization, answer) => {
  expect(await ask(listening({ realm: 'shop' }), authorization)).toMatchObject(answer);
});

it('what else a caller must be allowed is asked, of a good token alone', async () => {
  const asked: unknown[] = [];
  const allows = (claims: TokenClaims) => {
    asked.push(claims.sub);
    return claims.sub === 'bob';
  };
  expect(await ask(withExpress({ allows }), 'Bearer good')).toMatchObject({
    status: 403,
    challenge: 'Bearer realm="token", error="insufficient_scope"',
    body: { error: 'insufficient_scope' },
  });
  await ask(withExpress({ allows }), 'Bearer old');
  expect(asked).toEqual(['alice']);
  expect((await ask(withExpress({ allows: () => true }), 'Bearer good')).status).toBe(200);
});

it.each([
  ['a promise of false', async () => false],
  ['a promise of nothing', async () => undefined as unknown as boolean],
  ['text', () => 'no' as unknown as boolean],
  ['a number', () => 1 as unknown as boolean],
])('an allows that answers %s lets nobody in', async (_, allows) => {
  for (const listening of [withExpress, withNode]) {
    expect(await ask(listening({ allows }), 'Bearer good')).toMatchObject({ status: 403 });
    expect(await ask(listening({ allows: async () => true }), 'Bearer good')).toMatchObject({ status: 200 });
  }
});

it('without a guard before it there are no claims', async () => {
  const unguarded: RequestListener = (request, response) => {
    expect(() => claimsOf(request)).toThrow('put requireToken before it');
    response.end('{}');
  };
  expect((await ask(unguarded)).status).toBe(200);
});

it('a realm that would break the header is refused when the guard is made', () => {
  expect(() => requireToken(verifier, { realm: 'a"b' })).toThrow('realm: use printable ASCII');
});

it('an error of next goes to next', async () => {
  const told: unknown[] = [];
  const thrown = new Error('x');
  const guard = requireToken(verifier);
  const listener: RequestListener = (request, response) =>
    guard(request, response, (error) => {
      told.push(error);
      if (error === undefined) throw thrown;
      response.writeHead(500).end();
    });
  expect((await ask(listener, 'Bearer good')).status).toBe(500);
  expect(told).toEqual([undefined, thrown]);
});

it('a next that always throws harms its own request alone', async () => {
  const guard = requireToken(verifier);
  const listener: RequestListener = (request, response) =>
    guard(request, response, () => {
      throw new Error('x');
    });
  await expect(ask(listener, 'Bearer good')).rejects.toThrow('socket hang up');
  expect((await ask(listener)).status).toBe(401);
});
