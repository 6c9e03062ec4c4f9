// Ends with 0 where the service that is configured here answers that it can verify, else with 1.
import { get as getPlain } from 'node:http';
import { get as getTls } from 'node:https';
import { loadConfig } from '../src/config.ts';
import { readEnvironment } from '../src/config-environment.ts';

const LIMIT_MS = 4_000;
/** Where a listener on every address is reached from beside it. */
const BESIDE: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

const { host, port, tls } = loadConfig(readEnvironment().configFile).data_plane;
const asked = { host: BESIDE[host] ?? host, port, path: '/readyz/verify', timeout: LIMIT_MS, agent: false };
// The certificate has the name that clients use, and what is asked is no secret.
const request = tls ? getTls({ ...asked, rejectUnauthorized: false }) : getPlain(asked);
request
  .on('response', ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1))
  .on('timeout', () => request.destroy(new Error('no answer in time')))
  .on('error', ({ message }) => {
    console.error(message);
    process.exit(1);
  });
