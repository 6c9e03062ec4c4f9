import { describe, expect, it } from 'vitest';
import { MAX_TOKEN_LENGTH, parseSigningInput, parseToken } from '../../../src/token/parse-token.ts';

const encode = (text: string | Buffer) => Buffer.from(text).toString('base64url');
const HEADER = '{"alg":"ES256","kid":"k"}';
const token = (header: string | Buffer, claims: string | Buffer = '{"sub":"u"}') =>
  `${encode(header)}.${encode(claims)}.AQI`;

describe('parseToken', () => {
  it('gives header, claims, signature and what they are signed over', () => {
    const text = token(HEADER);
    expect(parseToken(text)).toEqual({
      ok: true,
      token: {
        header: { alg: 'ES256', kid: 'k' },
        claims: { sub: 'u' },
        signingInput: text.slice(0, -4),
        signature: Buffer.from([1, 2]),
      },
    });
  });

  it.each([
    ['not_text', undefined],
    ['not_text', Buffer.from(token(HEADER))],
    ['not_compact', ''],
    ['not_compact', 'e30'],
    ['not_compact', 'e30.e30'],
    ['not_compact', 'e30.e30.'],
    ['not_compact', '.e30.AQI'],
    ['not_compact', `${token(HEADER)}.AQI`],
    ['not_base64url', `${token(HEADER)}=`],
    ['not_base64url', ` ${token(HEADER)}`],
    ['not_base64url', token(HEADER).replace(/I$/, 'J')],
    ['not_utf8', token(Buffer.from([0x7b, 0xff, 0x7d]))],
    ['not_utf8', token(HEADER, Buffer.from([0x7b, 0xff, 0x7d]))],
    ['not_json', token(HEADER, `\ufeff{}`)],
    ['not_json', token('{')],
    ['not_object', token('[]')],
    ['not_object', token(HEADER, 'null')],
    ['duplicate_member', token('{"alg":"ES256","alg":"ES256","kid":"k"}')],
    ['duplicate_member', token(HEADER, '{"a":1,"a":1}')],
    ['forbidden_member', token(HEADER, '{"__proto__":1}')],
    ['forbidden_member', token(HEADER, '{"act":{"su\\u0000b":"admin"}}')],
    ['forbidden_member', token('{"alg":"ES256","kid":"k","jk\\u0000u":"x"}')],
    ['lookalike_members', token(HEADER, '{"sub":"alice","Sub":"admin"}')],
    ['lookalike_members', token('{"alg":"ES256","kid":"k","KID":"l"}')],
    ['misleading_member', token(HEADER, '{"Sub":"admin"}')],
    ['misleading_member', token(HEADER, '{"a":[{"act":{"\\u017fub":"admin"}}]}')],
    ['misleading_header', token('{"alg":"ES256","kid":"k","Typ":"JWT"}')],
    ['inexact_number', token(HEADER, '{"n":-0}')],
    ['inexact_number', token(HEADER, '{"act":{"n":36028797018963970}}')],
    ['alg_missing', token('{"kid":"k"}')],
    ['alg_missing', token('{"alg":"","kid":"k"}')],
    ['kid_missing', token('{"alg":"ES256"}')],
    ['kid_missing', token('{"alg":"ES256","kid":7}')],
  ])('refuses as %s: %j', (problem, text) => {
    expect(parseToken(text)).toEqual({ ok: false, problem });
  });

  it.each(['jku', 'jwk', 'x5u', 'x5c', 'x5t', 'x5t#S256', 'crit', 'b64', 'zip'])(
    'names the header %s',
    (name) => {
      const header = JSON.stringify({ alg: 'ES256', kid: 'k', [name]: null });
      expect(parseToken(token(header))).toEqual({
        ok: false,
        problem: 'suspicious_header',
        suspiciousHeader: name,
      });
      const capitals = token(header.replace(name, name.toUpperCase()));
      expect(parseToken(capitals)).toMatchObject({ problem: 'suspicious_header', suspiciousHeader: name });
    },
  );

  it('reads 16 levels and refuses 17', () => {
    const claims = (levels: number) => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
    expect(parseToken(token(HEADER, claims(16)))).toMatchObject({ ok: true });
    expect(parseToken(token(HEADER, claims(17)))).toEqual({ ok: false, problem: 'too_deep' });
  });

  it('reads 8 KiB and refuses a character more', () => {
    const start = `${encode(HEADER)}.${encode('{}')}.`;
    const signature = 'A'.repeat(MAX_TOKEN_LENGTH - start.length);
    const fitting = signature.length % 4 === 1 ? `${start}${signature}`.slice(0, -1) : `${start}${signature}`;
    expect(MAX_TOKEN_LENGTH).toBe(8_192);
    expect(parseToken(fitting)).toMatchObject({ ok: true });
    expect(parseToken('A'.repeat(8_193))).toEqual({ ok: false, problem: 'too_long' });
  });
});

describe('parseSigningInput', () => {
  it('reads what a token would hold', () => {
    expect(parseSigningInput(`${encode(HEADER)}.${encode('{"sub":"u"}')}`)).toEqual({
      ok: true,
      token: { header: { alg: 'ES256', kid: 'k' }, claims: { sub: 'u' } },
    });
  });

  it.each([
    ['not_compact', token(HEADER)],
    ['not_compact', encode(HEADER)],
    ['not_base64url', `${encode(HEADER)}.${encode('{}')}=`],
    ['duplicate_member', `${encode(HEADER)}.${encode('{"aud":1,"\\u0061ud":1}')}`],
    ['suspicious_header', `${encode('{"alg":"ES256","kid":"k","b64":false}')}.${encode('{}')}`],
    ['too_long', `${encode(HEADER)}.${'A'.repeat(8_192)}`],
  ])('is as strict: %s', (problem, signingInput) => {
    expect(parseSigningInput(signingInput)).toMatchObject({ ok: false, problem });
  });
});
