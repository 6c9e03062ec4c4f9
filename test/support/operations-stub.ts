import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: unknown;
}

/** An operations plane that answers from a table of `METHOD path` and remembers what it was asked. */
export async function operationsStub(
  answers: Readonly<Record<string, readonly [status: number, body: unknown]>>,
) {
  const seen: SeenRequest[] = [];
  const server = createServer(async (request, response) => {
    const path = (request.url ?? '').replace(/^\/v1\/admin/, '');
    const method = request.method ?? '';
    seen.push({ method, path, authorization: request.headers.authorization, body: await bodyOf(request) });
    const [status, body] = answers[`${method} ${path}`] ?? [
      404,
      { code: 'not_found', detail: 'no such thing' },
    ];
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    response.writeHead(status, { 'content-type': 'application/json' }).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    seen,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text === '' ? undefined : JSON.parse(text);
}
