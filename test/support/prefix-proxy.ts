import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A proxy that takes the prefix (such as `/keyward`) off each path, and answers 404 to any path without it. */
export async function prefixProxy(prefix: string, port: number) {
  const server = createServer((asked, answer) => {
    const { url = '', method, headers } = asked;
    if (!url.startsWith(`${prefix}/`)) return answer.writeHead(404).end('outside of the prefix');
    const passed = request({ host: '127.0.0.1', port, method, headers, path: url.slice(prefix.length) });
    passed.once('response', (got) => {
      answer.writeHead(got.statusCode ?? 502, got.rawHeaders);
      got.pipe(answer);
    });
    passed.once('error', (error) => answer.destroy(error));
    asked.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port: own } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${own}${prefix}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
