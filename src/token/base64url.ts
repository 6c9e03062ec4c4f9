/**
 * Strict base64url (RFC 7515 §2, RFC 4648 §3.5): its alphabet alone, no padding, unused bits zero, so that no
 * two texts mean the same bytes. The empty text is zero bytes. jose takes padding, white space and unused bits that are
 * set.
 */
export function decodeBase64url(segment: string): Buffer | undefined {
  const bytes = Buffer.from(segment, 'base64url');
  return bytes.toString('base64url') === segment ? bytes : undefined;
}

export function encodeBase64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
