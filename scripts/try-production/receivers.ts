// The machines beside the host: one that keeps what comes by syslog over TLS, and one that answers webhooks.
import { appendFileSync, readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';

const [, , folder = '', certificates = ''] = process.argv;
const of = (name: string) => ({
  cert: readFileSync(join(certificates, `${name}.pem`)),
  key: readFileSync(join(certificates, `${name}.key`)),
});

createTlsServer(of('logs.example.com'), (socket) => {
  socket.on('error', () => {});
  socket.on('data', (chunk) => appendFileSync(join(folder, 'syslog'), chunk));
}).listen(6_514, '127.0.0.1');

createServer(of('hooks.example.com'), async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  appendFileSync(join(folder, 'webhooks'), `${body}\n`);
  response.writeHead(204).end();
}).listen(8_443, '127.0.0.1');
