import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Config } from '../config.ts';
import { isLoopbackHost } from '../lib/address.ts';
import { type Finding, fail, octal, ok, statusOf, warn } from '../lib/finding.ts';
import { exposureOf } from '../lib/secret-file.ts';

type Listener = Config['operations_plane'];

const DAY_MS = 86_400_000;
const RENEW_DAYS = 30;

/** Who can reach the two planes, and how safely. */
export function checkListeners(config: Config): readonly Finding[] {
  return [
    ...plane('data plane', config.data_plane),
    ...plane('operations', config.operations_plane),
    ...operationsExposure(config.operations_plane),
  ];
}

function plane(check: string, listener: Listener): readonly Finding[] {
  const { host, port, tls } = listener;
  if (tls) return [certificate(check, tls.cert_file, Date.now()), tlsKey(check, tls.key_file)];
  if (isLoopbackHost(host)) return [ok(check, `${host}:${port}: this machine alone reaches it`)];
  return [
    warn(
      check,
      `${host}:${port} has no TLS of its own and trusts a proxy`,
      'let nothing but the proxy reach it, or give it tls',
    ),
  ];
}

function operationsExposure({ host, tls }: Listener): readonly Finding[] {
  if (isLoopbackHost(host) || tls?.client_ca_file) return [];
  return [
    warn(
      'operations',
      `the operations plane listens on ${host} and asks for no client certificate`,
      'bind it to loopback, or set tls.client_ca_file',
    ),
  ];
}

function certificate(check: string, file: string, nowMs: number): Finding {
  const expiry = expiryOf(file);
  if (expiry === undefined) return fail(check, `${file} holds no certificate`, 'mend tls.cert_file');
  const days = Math.floor((expiry - nowMs) / DAY_MS);
  if (days < 0) return fail(check, `the certificate in ${file} has expired`, 'renew it');
  if (days < RENEW_DAYS) return warn(check, `the certificate expires in ${days} days`, 'renew it');
  return ok(check, `TLS; the certificate is good for ${days} days`);
}

function expiryOf(file: string): number | undefined {
  try {
    return new X509Certificate(readFileSync(file)).validToDate.getTime();
  } catch {
    return undefined;
  }
}

function tlsKey(check: string, file: string): Finding {
  const status = statusOf(file);
  if (!status) return fail(check, `${file} is not there`, 'mend tls.key_file');
  const exposure = exposureOf(status);
  if (!exposure) return ok(check, 'the TLS key is closed to others');
  return fail(check, `the TLS key ${file} ${exposure.flaw} (${octal(status)})`, `${exposure.mend} ${file}`);
}
