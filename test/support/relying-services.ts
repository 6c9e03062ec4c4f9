import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';

/** Whether it lets the bearer of the token in; throws for no. */
export type Judge = (token: string) => unknown;

export interface RelyingService {
  readonly url: string;
  /** The tokens that it was shown. */
  readonly shown: readonly string[];
  close(): Promise<void>;
}

/** A relying service over real HTTP that lets in whom its judge does not refuse. */
export function relyingService(judge: Judge): Promise<RelyingService> {
  const shown: string[] = [];
  return listening(shown, async (request, response) => {
    const token = request.headers.authorization?.replace(/^Bearer /, '') ?? '';
    shown.push(token);
    const let_in = await Promise.resolve()
      .then(() => judge(token))
      .then(() => true)
      .catch(() => false);
    response.writeHead(let_in ? 200 : 401).end();
  });
}

/** One that does with the request whatever it likes. */
export function unrulyService(listener: RequestListener): Promise<RelyingService> {
  return listening([], listener);
}

async function listening(shown: readonly string[], listener: RequestListener): Promise<RelyingService> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/probe`,
    shown,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export interface Expectations {
  readonly issuer: string;
  readonly audience: string;
}

/** Judges that check all but one thing, as real services have forgotten it. */
export function lenientJudges(
  keySet: () => Promise<JSONWebKeySet>,
  merged: () => Promise<JSONWebKeySet>,
  of: Expectations,
) {
  const verify = async (token: string, options: object) =>
    jwtVerify(token, createLocalJWKSet(await keySet()), { ...of, ...options });
  const kidIn = (token: string) => {
    if (decodeProtectedHeader(token).kid === undefined) throw new Error('no kid');
  };
  return {
    async expired(token) {
      kidIn(token);
      await verify(token, { currentDate: new Date(Number(decodeJwt(token).iat) * 1_000) });
    },
    altered_signature(token) {
      kidIn(token);
      const { iss, aud, exp = 0 } = decodeJwt(token);
      if (iss !== of.issuer || aud !== of.audience || exp <= Date.now() / 1_000)
        throw new Error('not for us');
    },
    async without_kid(token) {
      if (decodeProtectedHeader(token).kid === undefined) return;
      await verify(token, {});
    },
    async other_scope(token) {
      kidIn(token);
      await jwtVerify(token, createLocalJWKSet(await merged()));
    },
    fresh() {
      throw new Error('nobody');
    },
  } satisfies Record<string, Judge>;
}
