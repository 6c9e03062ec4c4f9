import type { Config } from '../config.ts';
import type { ValidationIssue } from '../kernel/policy.ts';
import { readAuthorities } from '../lib/certificates.ts';
import { errorMessage } from '../lib/text.ts';
import { readTlsIdentity, requireInForce, type TlsIdentity } from '../server/tls-files.ts';

export const TLS_PLANES = ['data_plane', 'operations_plane'] as const;
export type TlsPlane = (typeof TLS_PLANES)[number];

/** What the PEM files of a configuration hold, and what is wrong with them, each by the member that names it. */
export interface PemFiles {
  readonly identities: Readonly<Partial<Record<TlsPlane, TlsIdentity>>>;
  readonly flaws: readonly ValidationIssue[];
}

/** Changes nothing. */
export function readPemFiles(config: Config, nowMs: number): PemFiles {
  const identities: Partial<Record<TlsPlane, TlsIdentity>> = {};
  const flaws: ValidationIssue[] = [];
  const attempt = (path: ValidationIssue['path'], work: () => void) => {
    try {
      work();
    } catch (error) {
      flaws.push({ path, advice: errorMessage(error).replace(/^tls: /, '') });
    }
  };
  for (const plane of TLS_PLANES) {
    const { tls } = config[plane];
    if (!tls) continue;
    attempt([plane, 'tls'], () => {
      const identity = readTlsIdentity(tls);
      requireInForce(tls, identity, nowMs);
      identities[plane] = identity;
    });
  }
  for (const { path, file } of authorityFiles(config)) attempt(path, () => readAuthorities(file));
  return { identities, flaws };
}

interface AuthorityFile {
  readonly path: ValidationIssue['path'];
  readonly file: string;
}

function authorityFiles({ audit, notifications, probes, tracing }: Config): readonly AuthorityFile[] {
  const files: readonly (readonly [ValidationIssue['path'], string | undefined])[] = [
    ...audit.sinks.map(
      (sink, at) =>
        [
          ['audit', 'sinks', at, 'tls', 'ca_file'],
          sink.type === 'syslog' ? sink.tls?.ca_file : undefined,
        ] as const,
    ),
    ...Object.entries(notifications.targets).map(
      ([name, target]) =>
        [
          ['notifications', 'targets', name, 'tls', 'ca_file'],
          target.type === 'file' ? undefined : target.tls?.ca_file,
        ] as const,
    ),
    [['probes', 'ca_file'], probes.ca_file],
    [['tracing', 'ca_file'], tracing.ca_file],
  ];
  return files.flatMap(([path, file]) => (file === undefined ? [] : [{ path, file }]));
}

/** Every PEM file that the configuration names. */
export function pemFileNames(config: Config): readonly string[] {
  const ofTls = TLS_PLANES.flatMap((plane) => {
    const { tls } = config[plane];
    return tls ? [tls.cert_file, tls.key_file, ...(tls.client_ca_file ? [tls.client_ca_file] : [])] : [];
  });
  return [...ofTls, ...authorityFiles(config).map(({ file }) => file)];
}
