import { createPrivateKey, type KeyObject } from 'node:crypto';
import { createSecureContext, type TlsOptions } from 'node:tls';
import { KeywardError } from '../kernel/errors.ts';
import { certificatesIn, readAuthorities, readPemFile } from '../lib/certificates.ts';
import { errorMessage } from '../lib/text.ts';

/** Absolute paths of PEM files. */
export interface TlsFiles {
  readonly cert_file: string;
  readonly key_file: string;
  readonly client_ca_file?: string | undefined;
}

/** What the files hold, checked: it makes a listener's TLS. */
export interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
  readonly ca: string | undefined;
  /** Of the certificate, milliseconds since the epoch. */
  readonly validFromMs: number;
  readonly validToMs: number;
}

/** `invalid_config`: which file is wrong, and how. A certificate that expired passes: see `requireInForce`. */
export function readTlsIdentity(files: TlsFiles): TlsIdentity {
  try {
    const identity = readFiles(files);
    createSecureContext(contextOptions(identity));
    return identity;
  } catch (cause) {
    throw new KeywardError('invalid_config', `tls: ${errorMessage(cause)}`, { cause });
  }
}

function readFiles({ cert_file, key_file, client_ca_file }: TlsFiles): TlsIdentity {
  const cert = readPemFile(cert_file);
  const [certificate] = certificatesIn(cert, cert_file);
  const key = readPemFile(key_file);
  if (!certificate?.checkPrivateKey(privateKey(key, key_file))) {
    throw new Error(`${key_file} is not the key of the certificate in ${cert_file}`);
  }
  return {
    cert,
    key,
    ca: client_ca_file === undefined ? undefined : readAuthorities(client_ca_file),
    validFromMs: certificate.validFromDate.getTime(),
    validToMs: certificate.validToDate.getTime(),
  };
}

function privateKey(pem: string, file: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    // The cause may quote what is in the file.
    throw new Error(`${file} holds no private key that can be read without a passphrase`);
  }
}

/** `invalid_config` where the certificate has expired, or is not valid yet. */
export function requireInForce({ cert_file }: TlsFiles, identity: TlsIdentity, nowMs: number): void {
  const { validFromMs, validToMs } = identity;
  const flaw =
    nowMs > validToMs
      ? `expired at ${new Date(validToMs).toISOString()}`
      : nowMs < validFromMs
        ? `is not valid before ${new Date(validFromMs).toISOString()}`
        : undefined;
  if (flaw) throw new KeywardError('invalid_config', `tls: the certificate in ${cert_file} ${flaw}`);
}

/** What a listener takes anew while it runs. */
export function contextOptions({ cert, key, ca }: TlsIdentity): TlsOptions {
  return { minVersion: 'TLSv1.2', cert, key, ...(ca === undefined ? {} : { ca }) };
}
