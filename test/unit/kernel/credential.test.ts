import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { makeCredential, readCredential } from '../../../src/kernel/credential.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest();

describe('makeCredential', () => {
  it.each(['svc', 'ops'] as const)('makes a %s credential that reads back as itself', (kind) => {
    const { text, digest } = makeCredential(kind);
    expect(text).toMatch(new RegExp(`^kw_${kind}_[0-9A-Za-z]{36}$`));
    expect(digest).toEqual(sha256(text));
    expect(readCredential(text)).toEqual({ kind, digest });
  });

  it('uses every letter of the alphabet and makes no two alike', () => {
    const texts = Array.from({ length: 500 }, () => makeCredential('svc').text);
    expect(new Set(texts).size).toBe(500);
    expect(new Set(texts.flatMap((text) => [...text.slice(7, 37)])).size).toBe(62);
  });
});

describe('readCredential', () => {
  // Python's zlib; the last one has to be filled up with zeros.
  it.each([
    ['000000000000000000000000000000', '2C8GjS'],
    ['0123456789ABCDEFGHIJKLMNOPQRST', '4PMbyp'],
    ['000000000000000000000000000405', '00azb7'],
  ])('agrees with CRC-32 in base62 worked out elsewhere: %s → %s', (secret, checksum) => {
    const text = `kw_svc_${secret}${checksum}`;
    expect(readCredential(text)).toEqual({ kind: 'svc', digest: sha256(text) });
  });

  const good = makeCredential('svc').text;
  const other = (letter: string) => (letter === '0' ? '1' : '0');

  it('refuses a change of any one letter behind the prefix', () => {
    for (let at = 7; at < good.length; at++) {
      const changed = good.slice(0, at) + other(good.charAt(at)) + good.slice(at + 1);
      expect(readCredential(changed)).toBe('malformed');
    }
  });

  it.each([
    ['nothing', ''],
    ['the prefix alone', 'kw_svc_'],
    ['a letter less', good.slice(0, -1)],
    ['a letter more', `${good}0`],
    ['a newline behind it', `${good}\n`],
    ['a space before it', ` ${good}`],
    ['another prefix', good.replace('kw_svc_', 'kw_abc_')],
    ['a prefix in capitals', good.replace('kw_svc_', 'KW_SVC_')],
    ['letters beyond base62', `kw_svc_${'é'.repeat(30)}000000`],
    ['a million letters', `kw_svc_${'0'.repeat(1_000_000)}`],
  ])('refuses %s', (_, text) => {
    expect(readCredential(text)).toBe('malformed');
  });

  it('gives another digest for the same secret of the other kind', () => {
    const ops = good.replace('kw_svc_', 'kw_ops_');
    expect(readCredential(ops)).toEqual({ kind: 'ops', digest: sha256(ops) });
    expect(sha256(ops)).not.toEqual(sha256(good));
  });
});
