import { readFileSync } from 'node:fs';
import type { TlsOptions } from 'node:tls';
import { KeywardError } from '../kernel/errors.ts';

/** Absolute paths of PEM files. */
export interface TlsFiles {
  readonly cert_file: string;
  readonly key_file: string;
  readonly client_ca_file?: string | undefined;
}

/**
 * With a client authority, certificates are asked for and not demanded: whoever uses one has to look at
 * `authorized` first, since a foreign certificate can be read too.
 */
export function tlsOptions({ cert_file, key_file, client_ca_file }: TlsFiles): TlsOptions {
  return {
    minVersion: 'TLSv1.2',
    handshakeTimeout: 10_000,
    cert: read(cert_file),
    key: read(key_file),
    rejectUnauthorized: false,
    ...(client_ca_file === undefined ? {} : { requestCert: true, ca: read(client_ca_file) }),
  };
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new KeywardError('invalid_config', `tls: ${file} cannot be read`, { cause });
  }
}
