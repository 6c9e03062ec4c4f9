import type { Algorithm } from '../../src/kernel/algorithm.ts';
import type { RefusalReason } from '../../src/kernel/verification.ts';
import type { Departure } from './forge.ts';
import * as signatures from './signatures.ts';
import { NOW, type World } from './world.ts';

export interface CorpusCase {
  readonly name: string;
  /** Of the scope that the token is presented to. */
  readonly algorithm: Algorithm;
  readonly expected: 'valid' | RefusalReason;
  readonly suspiciousHeader?: string;
  readonly how: Departure | ((world: World) => Departure);
}

type Line = [expected: CorpusCase['expected'], name: string, how: CorpusCase['how'], algorithm?: Algorithm];

const ALGORITHMS: Algorithm[] = ['ES256', 'ES384', 'RS256', 'PS256', 'Ed25519', 'EdDSA'];
const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
const claimsText = (text: string): Departure => ({ claimsJson: (json) => `${json.slice(0, -1)},${text}}` });
const headerText = (text: string): Departure => ({ headerJson: (json) => `${json.slice(0, -1)},${text}}` });
const whole = (token: (token: string) => unknown): Departure => ({ token });
const segments = (rework: (parts: [string, string, string]) => string): Departure =>
  whole((token) => rework(token.split('.') as [string, string, string]));
const times = (iat: number, exp: number, nbf?: number): Departure => ({
  claims: { iat: NOW + iat, exp: NOW + exp, nbf: nbf === undefined ? undefined : NOW + nbf },
});

const GOOD: Line[] = [
  ...ALGORITHMS.map((algorithm): Line => ['valid', 'as issued', {}, algorithm]),
  ['valid', 'audience as an array of one', (w) => ({ claims: { aud: [w.scopeOf('ES256').audience] } })],
  ['valid', 'typ JWT', { header: { typ: 'JWT' } }],
  ['valid', 'typ jwt in small letters', { header: { typ: 'jwt' } }],
  ['valid', 'typ with application/', { header: { typ: 'application/at+jwt' } }],
  ['valid', 'typ in mixed case', { header: { typ: 'Application/AT+JWT' } }],
  ['valid', 'a header nobody knows', { header: { note: 'x' } }],
  ['valid', 'no nbf', { claims: { nbf: undefined } }],
  ['valid', 'times with fractions', { claims: { iat: NOW - 0.5, exp: NOW + 299.5 } }],
  ['valid', 'white space in the JSON', { claimsJson: (json) => ` ${json.replaceAll(',', ' ,\n\t')} ` }],
  ['valid', 'names of the prototype as claims', { claims: { constructor: 'x', toString: 1, prototype: {} } }],
  ['valid', 'a claim beyond the basic plane', { claims: { name: '🔑 Żółć' } }],
  ['valid', 'the same name in different objects', claimsText('"a":{"sub":1},"b":{"sub":2}')],
  ['valid', 'colons, braces and quotes in text', { claims: { note: '{"a":1,"a":2}\\" : \\' } }],
  ['valid', '16 levels', claimsText(`"a":${deep(15)}`)],
  ['valid', 'r and n - s', { signature: signatures.otherHalf }],
  ['valid', 'an older key, while its tokens live', { key: 'deactivated', ...times(-600, 300) }],
];

const FORM: Line[] = [
  ['malformed', 'nothing', whole(() => undefined)],
  ['malformed', 'null', whole(() => null)],
  ['malformed', 'a number', whole(() => 17)],
  ['malformed', 'a list of one token', whole((token) => [token])],
  ['malformed', 'an object that turns into a token', whole((token) => ({ toString: () => token }))],
  ['malformed', 'empty text', whole(() => '')],
  ['malformed', 'a dot', whole(() => '.')],
  ['malformed', 'two dots', whole(() => '..')],
  ['malformed', 'one segment', segments(([header]) => header)],
  ['malformed', 'two segments', segments(([header, claims]) => `${header}.${claims}`)],
  ['malformed', 'no signature', segments(([header, claims]) => `${header}.${claims}.`)],
  ['malformed', 'no header', segments(([, claims, signature]) => `.${claims}.${signature}`)],
  ['malformed', 'no claims', segments(([header, , signature]) => `${header}..${signature}`)],
  ['malformed', 'four segments', whole((token) => `${token}.AAAA`)],
  ['malformed', 'five segments, as of a JWE', whole((token) => `${token}.AAAA.AAAA`)],
  ['malformed', 'a dot before', whole((token) => `.${token}`)],
  ['malformed', 'a dot after', whole((token) => `${token}.`)],
  ['malformed', 'a space before', whole((token) => ` ${token}`)],
  ['malformed', 'a space after', whole((token) => `${token} `)],
  ['malformed', 'a line end after', whole((token) => `${token}\n`)],
  ['malformed', 'a tab beside a dot', whole((token) => token.replace('.', '.\t'))],
  ['malformed', 'a line end in the claims', { claimsSegment: (s) => `${s.slice(0, 9)}\n${s.slice(9)}` }],
  ['malformed', 'a zero character after', whole((token) => `${token}\0`)],
  ['malformed', 'the scheme before it', whole((token) => `Bearer ${token}`)],
  ['malformed', 'in quotes', whole((token) => `"${token}"`)],
  ['malformed', 'percent-encoded dots', whole((token) => token.replaceAll('.', '%2E'))],
  ['malformed', 'full-width dots', whole((token) => token.replaceAll('.', '．'))],
  [
    'malformed',
    'JSON serialization',
    segments(([header, payload, signature]) => JSON.stringify({ protected: header, payload, signature })),
  ],
  ['malformed', 'padding on the signature', whole((token) => `${token}==`)],
  ['malformed', 'padding on the header', { headerSegment: (s) => `${s}=` }],
  ['malformed', 'padding on the claims', { claimsSegment: (s) => `${s}=` }],
  [
    'malformed',
    'the other base64 alphabet',
    {
      claims: { note: '???>>>' },
      claimsSegment: (s) => s.replaceAll('-', '+').replaceAll('_', '/').concat('/+'),
    },
  ],
  ['malformed', 'a letter that only looks like one', { claimsSegment: (s) => s.replace('e', 'е') }],
  ['malformed', 'a single character left over', { signature: (s) => s, token: (token) => `${token}AAA` }],
  [
    'malformed',
    'unused bits in the claims',
    {
      claimsBytes: (b) => Buffer.concat([b, Buffer.alloc((4 - (b.length % 3)) % 3, ' ')]),
      claimsSegment: (s) => signatures.otherLastCharacter(s, 1),
    },
  ],
  [
    'malformed',
    'unused bits in the header',
    {
      headerBytes: (b) => Buffer.concat([b, Buffer.alloc((4 - (b.length % 3)) % 3, ' ')]),
      headerSegment: (s) => signatures.otherLastCharacter(s, 1),
    },
  ],
  ['malformed', 'more than 8 KiB', { claims: { note: 'x'.repeat(6_000) } }],
  ['malformed', '64 KiB of one letter', whole(() => 'A'.repeat(65_536))],
  ['malformed', '64 KiB of dots', whole(() => '.'.repeat(65_536))],
];

const JSON_TEXT: Line[] = [
  ['malformed', 'claims that are no JSON', { claimsJson: () => 'iss=me' }],
  ['malformed', 'claims cut short', { claimsJson: (json) => json.slice(0, -1) }],
  ['malformed', 'claims and something after', { claimsJson: (json) => `${json}{}` }],
  ['malformed', 'claims with a comment', { claimsJson: (json) => `/**/${json}` }],
  ['malformed', 'claims with a comma too many', { claimsJson: (json) => json.replace('}', ',}') }],
  ['malformed', 'claims in single quotes', { claimsJson: (json) => json.replaceAll('"', "'") }],
  ['malformed', 'claims as a list', { claimsJson: (json) => `[${json}]` }],
  ['malformed', 'claims as text', { claimsJson: (json) => JSON.stringify(json) }],
  ['malformed', 'claims null', { claimsJson: () => 'null' }],
  ['malformed', 'claims a number', { claimsJson: () => '1' }],
  ['malformed', 'claims as another token', { claimsJson: () => 'eyJhbGciOiJub25lIn0.e30.' }],
  ['malformed', 'claims NaN', claimsText('"n":NaN')],
  ['malformed', 'header as a list', { headerJson: (json) => `[${json}]` }],
  ['malformed', 'header null', { headerJson: () => 'null' }],
  ['malformed', 'header empty', { headerJson: () => '{}' }],
  ['malformed', 'header and a zero byte', { headerJson: (json) => `${json}\0` }],
  ['malformed', 'a byte order mark before the claims', { claimsJson: (json) => `\ufeff${json}` }],
  ['malformed', 'a byte order mark before the header', { headerJson: (json) => `\ufeff${json}` }],
  ['malformed', 'claims in UTF-16', { claimsBytes: (bytes) => Buffer.from(bytes.toString(), 'utf16le') }],
  [
    'malformed',
    'claims in Latin-1',
    { claims: { name: 'é' }, claimsBytes: (bytes) => Buffer.from(bytes.toString(), 'latin1') },
  ],
  [
    'malformed',
    'overlong UTF-8',
    {
      claims: { name: '@' },
      claimsBytes: (bytes) => Buffer.from(bytes.toString('latin1').replace('@', '\xc0\xaf'), 'latin1'),
    },
  ],
  [
    'malformed',
    'half a pair in UTF-8',
    {
      claims: { name: '@' },
      claimsBytes: (bytes) => Buffer.from(bytes.toString('latin1').replace('@', '\xed\xa0\x80'), 'latin1'),
    },
  ],
  ['malformed', 'half a pair as an escape', claimsText('"name":"\\ud800"')],
  ['malformed', 'half a pair as a name', claimsText('"\\udc00":1')],
  [
    'malformed',
    'aud twice, the right one last',
    { claimsJson: (json) => json.replace('{', '{"aud":"https://mail.example.com",') },
  ],
  ['malformed', 'aud twice, the right one first', claimsText('"aud":"https://mail.example.com"')],
  ['malformed', 'aud twice, the same', (w) => claimsText(`"aud":"${w.scopeOf('ES256').audience}"`)],
  ['malformed', 'aud twice, once in escapes', claimsText('"\\u0061ud":"x"')],
  ['malformed', 'exp twice', claimsText(`"exp":${NOW + 300}`)],
  ['malformed', 'a name twice in a nested object', claimsText('"a":{"b":1,"b":1}')],
  ['malformed', 'a name twice in a list', claimsText('"a":[[{"b":1,"b":1}]]')],
  ['malformed', 'an empty name twice', claimsText('"":1,"":2')],
  ['malformed', 'a number as a name, twice', claimsText('"1":1,"1":2')],
  ['malformed', 'alg twice', headerText('"alg":"ES256"')],
  ['malformed', 'kid twice', headerText('"kid":"x"')],
  ['malformed', 'kid twice, once in escapes', headerText('"k\\u0069d":"x"')],
  ['malformed', '__proto__ as a claim', claimsText('"__proto__":{"admin":true}')],
  ['malformed', '__proto__ in escapes', claimsText('"\\u005f_proto__":1')],
  ['malformed', '__proto__ deep inside', claimsText('"a":[{"b":{"__proto__":[]}}]')],
  ['malformed', '__proto__ as a header', headerText('"__proto__":{"jku":"x"}')],
  ['malformed', '17 levels', claimsText(`"a":${deep(16)}`)],
  ['malformed', '17 levels of header', headerText(`"a":${deep(16)}`)],
  ['malformed', '2,900 levels', claimsText(`"a":${deep(2_900)}`)],
];

const HEADERS: Line[] = [
  ['malformed', 'no kid', { header: { kid: undefined } }],
  ['malformed', 'empty kid', { header: { kid: '' } }],
  ['malformed', 'kid null', { header: { kid: null } }],
  ['malformed', 'kid a number', { header: { kid: 1 } }],
  ['malformed', 'kid a list', (w) => ({ header: { kid: [w.key('ES256').kid] } })],
  ['unknown_key', 'kid of nobody', { key: 'stranger' }],
  ['unknown_key', 'kid a path', { header: { kid: '../../../../dev/null' } }],
  ['unknown_key', 'kid a statement', { header: { kid: "x' UNION SELECT 'secret" } }],
  ['unknown_key', 'kid a URL', { header: { kid: 'https://attacker.example/key' } }],
  ['unknown_key', 'kid a name of the prototype', { header: { kid: 'constructor' } }],
  ['unknown_key', 'kid __proto__', { header: { kid: '__proto__' } }],
  ['unknown_key', 'kid with a space after', (w) => ({ header: { kid: `${w.key('ES256').kid} ` } })],
  ['unknown_key', 'kid in small letters', (w) => ({ header: { kid: w.key('ES256').kid.toLowerCase() } })],
  ['malformed', 'no alg', { header: { alg: undefined } }],
  ['malformed', 'alg null', { header: { alg: null } }],
  ['malformed', 'alg a list', { header: { alg: ['ES256'] } }],
  ['unsupported_algorithm', 'alg none', { header: { alg: 'none' } }],
  ['unsupported_algorithm', 'alg nOnE', { header: { alg: 'nOnE' } }],
  [
    'malformed',
    'alg none without a signature',
    { header: { alg: 'none' }, signature: () => Buffer.alloc(0) },
  ],
  ['unsupported_algorithm', 'alg in small letters', { header: { alg: 'es256' } }],
  ['unsupported_algorithm', 'alg with a space', { header: { alg: 'ES256 ' } }],
  ['unsupported_algorithm', 'alg ES256K', { header: { alg: 'ES256K' } }],
  [
    'unsupported_algorithm',
    'alg ES384 on a P-256 key',
    (w) => ({ header: { alg: 'ES384' }, signature: signatures.withHash(w, 'sha384') }),
  ],
  ['unsupported_algorithm', 'alg a name of the prototype', { header: { alg: 'toString' } }],
  [
    'unsupported_algorithm',
    'alg HS256, the PEM as secret',
    (w) => ({ header: { alg: 'HS256' }, signature: signatures.hmac(w, 'pem') }),
    'RS256',
  ],
  [
    'unsupported_algorithm',
    'alg HS256, the DER as secret',
    (w) => ({ header: { alg: 'HS256' }, signature: signatures.hmac(w, 'der') }),
    'RS256',
  ],
  [
    'unsupported_algorithm',
    'alg HS256, the JWK as secret',
    (w) => ({ header: { alg: 'HS256' }, signature: signatures.hmac(w, 'jwk') }),
    'RS256',
  ],
  [
    'unsupported_algorithm',
    'alg PS256 on the RS256 key',
    (w) => ({ header: { alg: 'PS256' }, signature: signatures.pss(w, 32, 'RS256') }),
    'RS256',
  ],
  [
    'unsupported_algorithm',
    'alg RS256 on the PS256 key',
    (w) => ({ header: { alg: 'RS256' }, signature: signatures.pkcs1(w) }),
    'PS256',
  ],
  ['unsupported_algorithm', 'alg EdDSA on the Ed25519 key', { header: { alg: 'EdDSA' } }, 'Ed25519'],
  ['unsupported_algorithm', 'alg Ed25519 on the EdDSA key', { header: { alg: 'Ed25519' } }, 'EdDSA'],
  ['wrong_type', 'no typ', { header: { typ: undefined } }],
  ['wrong_type', 'typ null', { header: { typ: null } }],
  ['wrong_type', 'typ a list', { header: { typ: ['at+jwt'] } }],
  ['wrong_type', 'typ of an ID token for logout', { header: { typ: 'logout+jwt' } }],
  ['wrong_type', 'typ of a binding record', { header: { typ: 'kw-binding+jwt' } }],
  ['wrong_type', 'typ of a key set', { header: { typ: 'jwk-set+jwt' } }],
  ['wrong_type', 'typ with application/ twice', { header: { typ: 'application/application/at+jwt' } }],
  ['wrong_type', 'typ with a parameter', { header: { typ: 'at+jwt;v=1' } }],
  ['wrong_type', 'typ with a space', { header: { typ: 'at+jwt ' } }],
];

const SUSPICIOUS: [name: string, value: (world: World) => unknown][] = [
  ['jku', () => 'https://attacker.example/jwks.json'],
  ['jwk', (w) => w.key('ES256', 'stranger').publicJwk],
  ['x5u', () => 'https://attacker.example/cert.pem'],
  ['x5c', () => ['MIIB']],
  ['x5t', () => 'dGh1bWI'],
  ['x5t#S256', () => 'dGh1bWI'],
  ['crit', () => ['exp']],
  ['b64', () => false],
  ['zip', () => 'DEF'],
];

const SIGNATURES: Line[] = [
  ...ALGORITHMS.flatMap((algorithm): Line[] => [
    ['bad_signature', 'a bit flipped', { signature: signatures.flipped }, algorithm],
    ['bad_signature', 'a byte short', { signature: signatures.shorter }, algorithm],
    ['bad_signature', 'a byte more', { signature: signatures.longer }, algorithm],
    ['bad_signature', 'a zero before', { signature: signatures.leadingZero }, algorithm],
    ['bad_signature', 'all zeros', { signature: signatures.zeros }, algorithm],
  ]),
  ['bad_signature', 'one byte', { signature: () => Buffer.alloc(1) }],
  ['bad_signature', 'in DER', (w) => ({ signature: signatures.der(w) })],
  ['bad_signature', 'over SHA-384', (w) => ({ signature: signatures.withHash(w, 'sha384') })],
  ['bad_signature', 'r is 0', { signature: signatures.rIs(signatures.P256.zero) }],
  ['bad_signature', 's is 0', { signature: signatures.sIs(signatures.P256.zero) }],
  ['bad_signature', 'r is n', { signature: signatures.rIs(signatures.P256.order) }],
  ['bad_signature', 's is n', { signature: signatures.sIs(signatures.P256.order) }],
  ['bad_signature', 'r is n + 1', { signature: signatures.rIs(signatures.P256.beyond) }],
  ['bad_signature', 's is n + 1', { signature: signatures.sIs(signatures.P256.beyond) }],
  ['bad_signature', 'r is all ones', { signature: signatures.rIs(signatures.P256.most) }],
  [
    'bad_signature',
    'r and s are n',
    { signature: (s) => signatures.sIs(signatures.P256.order)(signatures.rIs(signatures.P256.order)(s)) },
  ],
  ['bad_signature', 'r and s swapped', { signature: signatures.halvesSwapped }],
  ['bad_signature', 's plus the order', { signature: signatures.plusOrder }, 'Ed25519'],
  ['bad_signature', 'without salt', (w) => ({ signature: signatures.pss(w, 0) }), 'PS256'],
  ['bad_signature', 'with 20 bytes of salt', (w) => ({ signature: signatures.pss(w, 20) }), 'PS256'],
  ['bad_signature', 'with the longest salt', (w) => ({ signature: signatures.pss(w, 222) }), 'PS256'],
  ['bad_signature', 'PKCS #1 in place of PSS', (w) => ({ signature: signatures.pkcs1(w) }), 'PS256'],
  [
    'bad_signature',
    'PSS in place of PKCS #1',
    (w) => ({ signature: signatures.pss(w, 32, 'RS256') }),
    'RS256',
  ],
  [
    'bad_signature',
    'by a key of our name that is not ours',
    (w) => ({ key: 'stranger', header: { kid: w.key('ES256').kid } }),
  ],
  [
    'bad_signature',
    'by the standby under the active name',
    (w) => ({ key: 'pre_activation', header: { kid: w.key('ES256').kid } }),
  ],
  [
    'bad_signature',
    'of other claims',
    segments(
      ([header, , signature]) =>
        `${header}.${Buffer.from('{"iat":1,"exp":2,"jti":"j","client_id":"c","sub":"s"}').toString('base64url')}.${signature}`,
    ),
  ],
  ['bad_signature', 'expired and forged alike', { ...times(-900, -600), signature: signatures.flipped }],
  [
    'bad_signature',
    'of another issuer and forged',
    { claims: { iss: 'https://x.example' }, signature: signatures.flipped },
  ],
];

const LAST_CHARACTERS: Line[] = (['ES256', 'EdDSA', 'RS256'] as const).flatMap((algorithm) =>
  Array.from(
    { length: 15 },
    (_, index): Line => [
      'malformed',
      `other last character ${index + 1} of 15`,
      whole((token) => signatures.otherLastCharacter(token, index + 1)),
      algorithm,
    ],
  ),
);

const KEYS: Line[] = [
  ['wrong_scope', 'of the key of another audience', { key: 'foreign' }],
  [
    'wrong_scope',
    'of another audience altogether',
    { key: 'foreign', claims: { aud: 'https://mail.example.com' } },
  ],
  ['wrong_scope', 'of the key of another issuer', { key: 'other_issuer' }],
  [
    'wrong_scope',
    'of another issuer altogether',
    { key: 'other_issuer', claims: { iss: 'https://staff.example.com' } },
  ],
  [
    'bad_signature',
    'of a foreign key under our name',
    (w) => ({ key: 'foreign', header: { kid: w.key('ES256').kid } }),
  ],
  [
    'wrong_scope',
    'of our key under a foreign name',
    (w) => ({ header: { kid: w.key('ES256', 'foreign').kid } }),
  ],
  ['outside_signing_window', 'of the standby', { key: 'pre_activation' }],
  ['key_suspended', 'of a suspended key', { key: 'suspended' }],
  ['key_compromised', 'of a compromised key', { key: 'compromised' }],
  [
    'key_compromised',
    'of a compromised key, with a wrong signature',
    { key: 'compromised', signature: signatures.flipped },
  ],
  ['key_retired', 'of a destroyed key', { key: 'destroyed' }],
  ['key_retired', 'of a key whose time is past', { key: 'past_verification' }],
  [
    'key_retired',
    'of a key whose time is past, dated in its window',
    { key: 'past_verification', ...times(-3_631, 300) },
  ],
  ['outside_signing_window', 'of an older key, dated now', { key: 'deactivated' }],
  [
    'outside_signing_window',
    'of an older key, dated a second late',
    { key: 'deactivated', ...times(-599, 300) },
  ],
  [
    'lifetime_too_long',
    'of an older key, for longer than allowed',
    { key: 'deactivated', ...times(-600, 3_001) },
  ],
  ['outside_signing_window', 'dated before the window', { key: 'fresh', ...times(-61, 300) }],
  ['valid', 'dated at the start of the window', { key: 'fresh', ...times(-60, 300) }],
];

const CLAIMS: Line[] = [
  ['wrong_issuer', 'no iss', { claims: { iss: undefined } }],
  ['wrong_issuer', 'iss null', { claims: { iss: null } }],
  ['wrong_issuer', 'iss a list', (w) => ({ claims: { iss: [w.scopeOf('ES256').issuer] } })],
  ['wrong_issuer', 'iss with a slash after', (w) => ({ claims: { iss: `${w.scopeOf('ES256').issuer}/` } })],
  ['wrong_issuer', 'iss in capitals', (w) => ({ claims: { iss: w.scopeOf('ES256').issuer.toUpperCase() } })],
  ['wrong_issuer', 'iss of another', { claims: { iss: 'https://staff.example.com' } }],
  ['wrong_audience', 'no aud', { claims: { aud: undefined } }],
  ['wrong_audience', 'aud null', { claims: { aud: null } }],
  ['wrong_audience', 'aud empty', { claims: { aud: '' } }],
  ['wrong_audience', 'aud an empty list', { claims: { aud: [] } }],
  ['wrong_audience', 'aud of another', { claims: { aud: 'https://mail.example.com' } }],
  [
    'wrong_audience',
    'aud with more after',
    (w) => ({ claims: { aud: `${w.scopeOf('ES256').audience}.attacker.example` } }),
  ],
  [
    'wrong_audience',
    'aud ours and another',
    (w) => ({ claims: { aud: [w.scopeOf('ES256').audience, 'https://mail.example.com'] } }),
  ],
  [
    'wrong_audience',
    'aud ours twice',
    (w) => ({ claims: { aud: [w.scopeOf('ES256').audience, w.scopeOf('ES256').audience] } }),
  ],
  ['wrong_audience', 'aud a list in a list', (w) => ({ claims: { aud: [[w.scopeOf('ES256').audience]] } })],
  [
    'wrong_audience',
    'aud an object',
    (w) => ({ claims: { aud: { 0: w.scopeOf('ES256').audience, length: 1 } } }),
  ],
  ['malformed', 'no exp', { claims: { exp: undefined } }],
  ['malformed', 'exp as text', { claims: { exp: `${NOW + 300}` } }],
  ['malformed', 'exp null', { claims: { exp: null } }],
  ['malformed', 'exp a list', { claims: { exp: [NOW + 300] } }],
  ['malformed', 'exp infinite', claimsWithout('exp', '1e400')],
  ['malformed', 'no iat', { claims: { iat: undefined } }],
  ['malformed', 'iat as text', { claims: { iat: `${NOW}` } }],
  ['malformed', 'iat minus infinite', claimsWithout('iat', '-1e400')],
  ['malformed', 'nbf as text', { claims: { nbf: `${NOW}` } }],
  ['malformed', 'nbf null', { claims: { nbf: null } }],
  ['malformed', 'no sub where the policy asks for one', { claims: { sub: undefined } }],
  ['malformed', 'sub empty', { claims: { sub: '' } }],
  ['malformed', 'sub a number', { claims: { sub: 17 } }],
  ['malformed', 'an access token without jti', { claims: { jti: undefined } }],
  ['malformed', 'jti a number', { claims: { jti: 1 } }],
  ['malformed', 'an access token without client_id', { claims: { client_id: undefined } }],
  ['malformed', 'an access token without sub', { claims: { sub: undefined } }],
  ['malformed', 'a second sub in capitals', { claims: { SUB: 'admin' } }],
  ['malformed', 'a scope in capitals', { claims: { SCOPE: 'all' } }],
  ['malformed', 'an actor whose sub is in capitals', { claims: { act: { Sub: 'admin' } } }],
  ['malformed', 'a confirmation in other capitals', { claims: { cnf: { 'x5t#s256': 'x' } } }],
  ['malformed', 'a detail in capitals', { claims: { authorization_details: [{ type: 'a', Actions: [] }] } }],
  [
    'valid',
    'details as they are registered',
    { claims: { authorization_details: [{ type: 'a', actions: [] }] } },
  ],
  ['valid', 'a claim of its own in capitals', { claims: { Tenant: 'a' } }],
  ['malformed', 'a number that would be rounded', claimsWithout('n', '19.999999999999999999')],
  ['malformed', 'a whole number that is read as another', claimsWithout('n', '36028797018963970')],
  ['valid', 'the last whole number that is not', claimsWithout('n', '9007199254740991')],
  ['malformed', 'a sub with U+0000 in its name', { claims: { 'su\0b': 'admin' } }],
  ['valid', 'a JWT without client_id', { header: { typ: 'JWT' }, claims: { client_id: undefined } }],
  ['valid', 'a second before it expires, with skew', times(-300, -29)],
  ['expired', 'at its expiry, with skew', times(-300, -30)],
  ['expired', 'expired long ago', times(-3_000, -2_000)],
  ['expired', 'exp 0', { claims: { exp: 0 } }],
  ['expired', 'exp negative', { claims: { exp: -1 } }],
  ['valid', 'dated ahead by the skew', times(30, 300)],
  ['not_yet_valid', 'dated ahead by more than the skew', times(31, 300)],
  ['valid', 'good from the skew on', times(0, 300, 30)],
  ['not_yet_valid', 'good from later on', times(0, 300, 31)],
  [
    'not_yet_valid',
    'dated in milliseconds',
    { claims: { iat: NOW * 1000, nbf: undefined, exp: NOW * 1000 + 300 } },
  ],
  ['valid', 'the longest life', times(0, 3_600)],
  ['lifetime_too_long', 'a second longer than the longest life', times(0, 3_601)],
  ['lifetime_too_long', 'for ever', { claims: { exp: Number.MAX_SAFE_INTEGER } }],
  ['malformed', 'beyond what is read alike', { claims: { exp: Number.MAX_VALUE } }],
  ['lifetime_too_long', 'nbf does not shorten a life', times(-3_590, 30, 0)],
];

function claimsWithout(name: string, number: string): Departure {
  return { claims: { [name]: '@' }, claimsJson: (json) => json.replace('"@"', number) };
}

/** Each line: what is expected, how the token departs from a good one, and the algorithm of its scope. */
export const CORPUS: readonly CorpusCase[] = [
  ...[GOOD, FORM, JSON_TEXT, HEADERS, SIGNATURES, LAST_CHARACTERS, KEYS, CLAIMS].flat().map(
    ([expected, name, how, algorithm = 'ES256']): CorpusCase => ({
      name: `${algorithm}: ${name}`,
      algorithm,
      expected,
      how,
    }),
  ),
  ...SUSPICIOUS.map(
    ([header, value]): CorpusCase => ({
      name: `ES256: header ${header}`,
      algorithm: 'ES256',
      expected: 'malformed',
      suspiciousHeader: header,
      how: (world) => ({ header: { [header]: value(world) } }),
    }),
  ),
];
