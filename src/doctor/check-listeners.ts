import type { Config } from '../config.ts';
import { readPemFiles } from '../configuration/index.ts';
import { isLoopbackHost } from '../lib/address.ts';
import { type Finding, fail, octal, ok, statusOf, warn } from '../lib/finding.ts';
import { exposureOf } from '../lib/secret-file.ts';

type Listener = Config['operations_plane'];

const DAY_MS = 86_400_000;
const RENEW_DAYS = 30;

const PLANES = { data_plane: 'data plane', operations_plane: 'operations' } as const;

/** Who can reach the two planes, and how safely; then the CA bundles for what the service talks to. */
export function checkListeners(config: Config): readonly Finding[] {
  const files = readPemFiles(config, undefined);
  const flawsOf = (section: string, check: string) =>
    files.flaws
      .filter(({ path }) => path[0] === section)
      .map(({ path, advice }) => fail(check, advice, `mend ${path.join('.')}`));
  const planes = (['data_plane', 'operations_plane'] as const).flatMap((name) => [
    ...flawsOf(name, PLANES[name]),
    ...plane(PLANES[name], config[name], files.identities[name]),
  ]);
  return [
    ...planes,
    ...operationsExposure(config.operations_plane),
    ...flawsOf('audit', 'audit sinks'),
    ...flawsOf('notifications', 'notifications'),
    ...flawsOf('probes', 'probing'),
    ...flawsOf('tracing', 'tracing'),
  ];
}

/** `identity`: of TLS files that are good. */
function plane(
  check: string,
  { host, port, tls }: Listener,
  identity: { readonly validToMs: number } | undefined,
): readonly Finding[] {
  if (tls) {
    return [
      ...(identity ? [certificate(check, tls.cert_file, identity.validToMs - Date.now())] : []),
      ...tlsKey(check, tls.key_file),
    ];
  }
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

function certificate(check: string, file: string, leftMs: number): Finding {
  const days = Math.floor(leftMs / DAY_MS);
  if (days < 0) return fail(check, `the certificate in ${file} has expired`, 'renew it');
  if (days < RENEW_DAYS) return warn(check, `the certificate expires in ${days} days`, 'renew it');
  return ok(check, `TLS; the certificate is good for ${days} days`);
}

function tlsKey(check: string, file: string): readonly Finding[] {
  const status = statusOf(file);
  if (!status) return [];
  const exposure = exposureOf(status);
  if (!exposure) return [ok(check, 'the TLS key is closed to others')];
  return [fail(check, `the TLS key ${file} ${exposure.flaw} (${octal(status)})`, `${exposure.mend} ${file}`)];
}
