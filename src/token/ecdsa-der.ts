const SEQUENCE = 0x30;
const INTEGER = 0x02;

/**
 * An ECDSA signature as OpenSSL takes it: r and s as a DER SEQUENCE of two INTEGERs (RFC 3279 §2.2.3), from their JOSE
 * form, one behind the other at full length (RFC 7518 §3.4). Undefined unless both are in [1, n-1] (FIPS 186-5 §6.4.2);
 * `order` is n, big-endian, as long as each of them: at most 58 bytes, so that DER needs one byte for a length. Node does the same for `ieee-p1363`, and takes a third as long as the
 * verification for it.
 */
export function ecdsaDer(signature: Uint8Array, order: Uint8Array): Buffer | undefined {
  const size = order.length;
  if (signature.length !== 2 * size) return undefined;
  const r = signature.subarray(0, size);
  const s = signature.subarray(size);
  const [skipR, skipS] = [leadingZeros(r), leadingZeros(s)];
  if (skipR === size || skipS === size) return undefined;
  if (Buffer.compare(r, order) >= 0 || Buffer.compare(s, order) >= 0) return undefined;
  const [lengthR, lengthS] = [integerLength(r, skipR), integerLength(s, skipS)];
  const der = Buffer.alloc(6 + lengthR + lengthS);
  der[0] = SEQUENCE;
  der[1] = 4 + lengthR + lengthS;
  putInteger(der, 2, lengthR, r.subarray(skipR));
  putInteger(der, 4 + lengthR, lengthS, s.subarray(skipS));
  return der;
}

function leadingZeros(bytes: Uint8Array): number {
  let count = 0;
  while (count < bytes.length && bytes[count] === 0) count++;
  return count;
}

/** With a zero in front where the number would else be read as negative. */
function integerLength(bytes: Uint8Array, skip: number): number {
  return bytes.length - skip + ((bytes[skip] ?? 0) >> 7);
}

function putInteger(der: Buffer, at: number, length: number, digits: Uint8Array): void {
  der[at] = INTEGER;
  der[at + 1] = length;
  der.set(digits, at + 2 + length - digits.length);
}
