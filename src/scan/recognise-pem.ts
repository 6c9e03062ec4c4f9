import type { Recogniser } from './finding.ts';

const BEGIN = /-----BEGIN ((?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?)-----/g;
const LOOKED_AT = 1_024;
const LEAST_BODY = 64;
/** Line ends as text, as JSON writes them, and once more escaped; and what programs put between lines. */
const ESCAPED_LINE_ENDS = /\\+[nrt]/g;
const ESCAPED_SLASH = /\\+\//g;
const HEADER_LINES = /^[ \t]*[A-Za-z][A-Za-z0-9-]*: .*$/gm;
const BETWEEN_LINES = /[\s"'`,+>|#*\\;()]/g;
const BODY = /^[A-Za-z0-9/=]*/;
const ENCRYPTED = /ENCRYPTED|Proc-Type: ?4, ?ENCRYPTED/;
/** How the body of an OpenSSH key goes on that has a cipher: the length of its name, and a name not `none`. */
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
      const body = BODY.exec(after.replaceAll(HEADER_LINES, '').replaceAll(BETWEEN_LINES, ''))?.[0] ?? '';
      if (body.length < LEAST_BODY) continue;
      const encrypted = label.startsWith('OPENSSH')
        ? !OPENSSH_PLAIN.test(body)
        : ENCRYPTED.test(label) || ENCRYPTED.test(after.slice(0, 256));
      yield { at, sight: { kind: 'private_key', format: 'pem', label, encrypted, secret: body } };
    }
  },
};
