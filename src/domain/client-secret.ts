/** How an OAuth client shows itself (RFC 6749 §2.3.1): by its id and, as the secret, its credential. */
export interface ClientSecret {
  readonly clientId: string;
  readonly secret: string;
}

/** An id and a credential fit in, each of their characters %-encoded. */
const LONGEST_HEADER = 1_024;
const BASIC = /^Basic +([A-Za-z0-9+/]+={0,2})$/i;
const PAIR = /^([!-9;-~]+):([!-~]+)$/;

/**
 * `Authorization: Basic`, with id and secret form-urlencoded in it (RFC 6749 §2.3.1, RFC 7617). Undefined where it is
 * not that to the letter: other than canonical base64, no colon, or what form-urlencoding does not write.
 */
export function readBasic(authorization: string): ClientSecret | undefined {
  if (authorization.length > LONGEST_HEADER) return undefined;
  const [, encoded = ''] = BASIC.exec(authorization) ?? [];
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.toString('base64') !== encoded) return undefined;
  const [, id, password] = PAIR.exec(bytes.toString('latin1')) ?? [];
  const [clientId, secret] = [formDecoded(id), formDecoded(password)];
  return clientId === undefined || secret === undefined ? undefined : { clientId, secret };
}

/** One value of `application/x-www-form-urlencoded`. */
function formDecoded(text: string | undefined): string | undefined {
  try {
    return text && decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
