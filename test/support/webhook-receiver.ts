import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Received {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What a receiver does: a status, a place to redirect to, a time to come back, or nothing at all. */
export type Reaction = number | { readonly redirectTo: string } | { readonly retryAfter: string } | 'hang';

/** A real HTTP server on loopback that keeps what it gets, and reacts as `next` says, by default with 204. */
export async function receiveWebhooks(tls?: { readonly cert: Buffer; readonly key: Buffer }) {
  const received: Received[] = [];
  const reactions: Reaction[] = [];
  let always: Reaction = 204;
  const answer: RequestListener = async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    received.push({ url: request.url ?? '', headers: request.headers, body });
    const reaction = reactions.shift() ?? always;
    if (reaction === 'hang') return;
    if (typeof reaction === 'number') response.writeHead(reaction).end();
    else if ('retryAfter' in reaction) response.writeHead(429, { 'retry-after': reaction.retryAfter }).end();
    else response.writeHead(307, { location: reaction.redirectTo }).end();
  };
  const server = tls ? createTlsServer(tls, answer) : createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  const { port } = server.address() as AddressInfo;
  return {
    received,
    port,
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}/hook`,
    next: (...upcoming: readonly Reaction[]) => void reactions.push(...upcoming),
    /** Ends every connection, those that hang too. */
    letGo: () => server.closeAllConnections(),
    always: (reaction: Reaction) => {
      always = reaction;
    },
  };
}
