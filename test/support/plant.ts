import { generateKeyPairSync } from 'node:crypto';
import { makeCredential } from '../../src/kernel/credential.ts';
import type { Found } from '../../src/scan/finding.ts';
import type { ExactPin } from '../../src/scan/recognise-pin.ts';
import { scanStream } from '../../src/scan/scan-stream.ts';
import type { Cut } from '../../src/scan/windows.ts';

/** A compact JWS of the look of a token; nobody ever signed it. */
export function tokenLike(claims: object = { iat: 1_795_463_000, exp: 1_795_466_600, sub: 'x' }): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const header = { alg: 'ES256', typ: 'at+jwt', kid: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs' };
  return `${part(header)}.${part(claims)}.${Buffer.alloc(64, 7).toString('base64url')}`;
}

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;

export const PEM = {
  public: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  pkcs8: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  sec1: privateKey.export({ type: 'sec1', format: 'pem' }).toString(),
  pkcs1: rsa.export({ type: 'pkcs1', format: 'pem' }).toString(),
  encryptedPkcs8: privateKey
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'a passphrase' })
    .toString(),
  encryptedPkcs1: rsa
    .export({ type: 'pkcs1', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'a passphrase' })
    .toString(),
};
export const JWK = { ec: privateKey.export({ format: 'jwk' }), rsa: rsa.export({ format: 'jwk' }) };
export const CREDENTIAL = makeCredential('svc').text;

/** What a scan of the bytes finds, in chunks of those sizes in turn. */
export async function scanned(
  bytes: Uint8Array | string,
  {
    chunks = [Number.POSITIVE_INFINITY],
    cut,
    pins,
  }: { chunks?: number[]; cut?: Cut; pins?: readonly ExactPin[] } = {},
): Promise<Found[]> {
  const found: Found[] = [];
  for await (const each of scanStream(inChunks(Buffer.from(bytes), chunks), { cut, pins })) found.push(each);
  return found;
}

/** Short for what was found: kinds with offsets. */
export function places(found: readonly Found[]): string[] {
  return found.map(({ sight, offset }) => `${sight.kind} ${offset}`).sort();
}

export async function* inChunks(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0;
  for (let turn = 0; at < bytes.length; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? 1);
    yield bytes.subarray(at, at + size);
    at += size;
  }
}
