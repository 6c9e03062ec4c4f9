import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto';
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

/** What is wrong with TLS files; of one of them where that can be said. */
interface TlsFlaw {
  readonly member: keyof TlsFiles | undefined;
  readonly advice: string;
}

interface ExaminedTls {
  /** Undefined where a flaw stands in its way, or files are missing. */
  readonly identity: TlsIdentity | undefined;
  readonly flaws: readonly TlsFlaw[];
}

/** `invalid_config`: which files are wrong, and how. A certificate that expired passes. */
export function readTlsIdentity(files: TlsFiles): TlsIdentity {
  const { identity, flaws } = examineTlsFiles(files);
  if (identity) return identity;
  throw new KeywardError('invalid_config', `tls: ${flaws.map(({ advice }) => advice).join('; ')}`);
}

/** Each file by itself, then the pair. `nowMs`: the certificate has to be in force then. */
export function examineTlsFiles(files: Partial<TlsFiles>, nowMs?: number): ExaminedTls {
  const flaws: TlsFlaw[] = [];
  const attempt = <T>(member: TlsFlaw['member'], work: () => T): T | undefined => {
    try {
      return work();
    } catch (error) {
      flaws.push({ member, advice: errorMessage(error) });
      return undefined;
    }
  };
  const read = <T>(member: keyof TlsFiles, reader: (file: string) => T): T | undefined => {
    const file = files[member];
    return file === undefined ? undefined : attempt(member, () => reader(file));
  };
  const certificate = read('cert_file', readCertificate);
  const key = read('key_file', readKey);
  const ca = read('client_ca_file', readAuthorities);
  if (certificate && nowMs !== undefined) {
    attempt('cert_file', () => requireInForce(certificate, nowMs));
  }
  if (certificate && key) attempt('key_file', () => requirePair(certificate, key));
  if (!certificate || !key || flaws.length > 0) return { identity: undefined, flaws };
  const identity = {
    cert: certificate.pem,
    key: key.pem,
    ca,
    validFromMs: certificate.first.validFromDate.getTime(),
    validToMs: certificate.first.validToDate.getTime(),
  };
  attempt(undefined, () => createSecureContext(contextOptions(identity)));
  return { identity: flaws.length === 0 ? identity : undefined, flaws };
}

interface ReadCertificate {
  readonly file: string;
  readonly pem: string;
  readonly first: X509Certificate;
}

function readCertificate(file: string): ReadCertificate {
  const pem = readPemFile(file);
  const [first] = certificatesIn(pem, file);
  if (!first) throw new Error(`${file} holds no certificate`);
  return { file, pem, first };
}

interface ReadKey {
  readonly file: string;
  readonly pem: string;
  readonly key: KeyObject;
}

function readKey(file: string): ReadKey {
  const pem = readPemFile(file);
  return { file, pem, key: privateKey(pem, file) };
}

function requirePair({ first, file: certFile }: ReadCertificate, { key, file }: ReadKey): void {
  if (first.checkPrivateKey(key)) return;
  throw new Error(`${file} is not the key of the certificate in ${certFile}`);
}

function privateKey(pem: string, file: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    // The cause may quote what is in the file.
    throw new Error(`${file} holds no private key that can be read without a passphrase`);
  }
}

function requireInForce({ file, first }: ReadCertificate, nowMs: number): void {
  const [fromMs, toMs] = [first.validFromDate.getTime(), first.validToDate.getTime()];
  const flaw =
    nowMs > toMs
      ? `expired at ${new Date(toMs).toISOString()}`
      : nowMs < fromMs
        ? `is not valid before ${new Date(fromMs).toISOString()}`
        : undefined;
  if (flaw) throw new Error(`the certificate in ${file} ${flaw}`);
}

/** What a listener takes anew while it runs. */
export function contextOptions({ cert, key, ca }: TlsIdentity): TlsOptions {
  return { minVersion: 'TLSv1.2', cert, key, ...(ca === undefined ? {} : { ca }) };
}
