import type { Recogniser } from './finding.ts';

const BEGIN = /-----BEGIN ((?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?)-----/g;
const LOOKED_AT = 1_024;
const HEADERS_WITHIN = 256;
/** Line ends and slashes as JSON writes them, also escaped more than once. */
const ESCAPED_LINE_ENDS = /\\+[nrt]/g;
const ESCAPED_SLASH = /\\+\//g;
const HEADER_LINES = /^[ \t]*[A-Za-z][A-Za-z0-9-]*: .*$/gm;
/** The first line of the body, behind what programs put between lines: prose has no word so long. */
const BODY = /^([\s"'`,+>|*#;()\\]*)([A-Za-z0-9+/=]{40,})/;
/** Where even the line end is missing: how DER begins, and OpenSSH's form. */
const BEGINNINGS = /^(?:M[A-Z]|b3BlbnNzaC1rZXk)/;
const ENCRYPTED = /ENCRYPTED/;
/** OpenSSH's form with the cipher `none`. */
const OPENSSH_PLAIN = /^b3BlbnNzaC1rZXktdjEAAAAABG5vbmU/;

/** Private keys in PEM (RFC 7468, RFC 1421) and OpenSSH's form, also escaped in strings, also without their end. */
export const pemKeys: Recogniser = {
  needles: ['PRIVATE KEY'],
  *find(text) {
    for (const { 0: begin, 1: label = '', index: at } of text.matchAll(BEGIN)) {
      const after = text
        .slice(at + begin.length, at + begin.length + LOOKED_AT)
        .replaceAll(ESCAPED_LINE_ENDS, '\n')
        .replaceAll(ESCAPED_SLASH, '/');
      const [, between = '', body = ''] = BODY.exec(after.replaceAll(HEADER_LINES, '')) ?? [];
      if (body === '' || (between === '' && !BEGINNINGS.test(body))) continue;
      const encrypted = label.startsWith('OPENSSH')
        ? !OPENSSH_PLAIN.test(body)
        : ENCRYPTED.test(label) || ENCRYPTED.test(after.slice(0, HEADERS_WITHIN));
      yield { at, sight: { kind: 'private_key', format: 'pem', label, encrypted, secret: body } };
    }
  },
};
