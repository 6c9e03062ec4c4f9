import { printable } from '../lib/html.ts';
import { errorMessage } from '../lib/text.ts';
import { CommandFailure, EXIT } from './failure.ts';

/** Where its certificate is not believed; Node's codes, which are those of OpenSSL. */
const CERTIFICATE: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate comes from a CA that is not known here',
  UNABLE_TO_GET_ISSUER_CERT: 'its certificate comes from a CA that is not known here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate comes from a CA that is not known here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate comes from a CA that is not known here',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet, or the clock here is behind',
  CERT_SIGNATURE_FAILURE: 'its certificate is not signed by the CA that it names',
};
const NAME_A_CA = 'name its CA: keyward context add --ca-file FILE, or NODE_EXTRA_CA_CERTS';

const ADVICE: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: NAME_A_CA,
  SELF_SIGNED_CERT_IN_CHAIN: NAME_A_CA,
  UNABLE_TO_GET_ISSUER_CERT: NAME_A_CA,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: NAME_A_CA,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: NAME_A_CA,
  CERT_HAS_EXPIRED: 'renew it: the service takes up the new one within seconds, without a restart',
};

/** OpenSSL's words for an answer that is no TLS. */
const NO_TLS = /^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST)$|^EPROTO$/;
/** What a listener of TLS does with a request in plain text. */
const HUNG_UP = /^(?:UND_ERR_SOCKET|ECONNRESET|HPE_\w+)$/;

/** Why a request had no answer, in the words of who can mend it. `UND_…` are fetch's own codes. */
export function unreachable(url: URL, error: unknown): CommandFailure {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = String((cause as { readonly code?: unknown }).code ?? (error as Error).name);
  return new CommandFailure(EXIT.unreachable, 'unreachable', reason(url, code, cause));
}

function reason({ origin, protocol, host, hostname }: URL, code: string, cause: unknown): string {
  const certificate = CERTIFICATE[code];
  if (certificate) {
    return `${origin} is not believed: ${certificate} (${code})${code in ADVICE ? `; ${ADVICE[code]}` : ''}`;
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `${origin} is not believed: its certificate is for another name (${printable(altNames(cause))})`;
  }
  if (protocol === 'https:' && NO_TLS.test(code)) {
    return `${origin} speaks no TLS (${code}); if that is right, use http://${host}`;
  }
  if (protocol === 'http:' && HUNG_UP.test(code)) {
    return `${origin} hung up (${code}); it may speak TLS: try https://${host}`;
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return `${origin}: the name ${hostname} is not known (${code}); check the URL`;
  }
  if (code === 'TimeoutError') {
    return `${origin} gave no answer in time; whether it did what was asked is not known`;
  }
  const why = code === 'TypeError' || code === 'Error' ? errorMessage(cause) : code;
  if (why === 'unexpected redirect') {
    return `${origin} redirects elsewhere; a credential goes to its own origin alone`;
  }
  return `${origin} does not answer (${printable(why)}). Is the service running? Start it with: keyward serve`;
}

function altNames(cause: unknown): string {
  const { cert } = cause as { readonly cert?: { readonly subjectaltname?: string } };
  return cert?.subjectaltname ?? 'it names none';
}
