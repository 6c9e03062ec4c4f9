import { describe, expect, it } from 'vitest';
import { CanaryIndex } from '../../../src/canaries/canary-index.ts';
import { CanaryKeyDetector } from '../../../src/canaries/tokens.ts';
import type { Algorithm } from '../../../src/kernel/algorithm.ts';
import { REFUSAL_REASONS, type RefusalReason } from '../../../src/kernel/verification.ts';
import { canarySample, heardTriggers } from '../../support/canary-samples.ts';
import { unchanging } from '../../support/followed.ts';
import { type SoftwareKey, softwareKey } from '../../support/software-keys.ts';

const ALGORITHMS = ['ES256', 'ES384', 'RS256', 'PS256', 'Ed25519', 'EdDSA'] as const;
const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

function tokenOf(key: SoftwareKey, alg: Algorithm, kid = key.kid): string {
  const input = `${base64url({ alg, typ: 'JWT', kid })}.${base64url({ sub: 'a' })}`;
  return `${input}.${key.sign(input).toString('base64url')}`;
}

function decoy(id: string, { kid, publicJwk }: SoftwareKey) {
  const key = { hsmToken: 'primary', hsmId: id, made: { kid, publicJwk } };
  return canarySample({ id, kind: 'key', scopeId: 'payments', digest: null, key });
}

async function heardOf(
  presented: unknown,
  reason: RefusalReason | undefined,
  ...decoys: readonly SoftwareKey[]
) {
  const { alarm, heard } = heardTriggers();
  const keys = new CanaryKeyDetector(
    new CanaryIndex(unchanging(decoys.map((key, at) => decoy(`d${at}`, key)))),
    alarm,
  );
  await keys.check(presented, reason && { valid: false, reason }, 'verify');
  return heard.map(([id]) => id);
}

const es = softwareKey('ES256');
const other = softwareKey('ES256');

describe('a token that was refused', () => {
  it('is told where it bears the kid of a decoy, whatever its signature and the verdict', async () => {
    const token = tokenOf(other, 'ES256', es.kid);
    expect(await heardOf(token, 'unknown_key', es)).toEqual(['d0']);
    expect(await heardOf(token, undefined, es)).toEqual(['d0']);
    expect(await heardOf(token, 'unknown_key', softwareKey('ES256'))).toEqual([]);
  });

  it.each(ALGORITHMS)('is told where a decoy of %s signed it under another kid', async (algorithm) => {
    const key = softwareKey(algorithm);
    const token = tokenOf(key, algorithm, 'another');
    expect(
      await heardOf(token, 'bad_signature', ...ALGORITHMS.map((each) => softwareKey(each)), key),
    ).toEqual(['d6']);
    expect(await heardOf(token, 'bad_signature', softwareKey(algorithm))).toEqual([]);
  });

  it('is tried against decoys only where no key of ours was found to have signed it', async () => {
    const token = tokenOf(es, 'ES256', 'another');
    const heard = await Promise.all(
      REFUSAL_REASONS.map(async (reason) => [reason, await heardOf(token, reason, es)]),
    );
    expect(heard.filter(([, ids]) => ids?.length).map(([reason]) => reason)).toEqual([
      'unsupported_algorithm',
      'unknown_key',
      'wrong_scope',
      'bad_signature',
      'outside_signing_window',
      'key_suspended',
      'key_compromised',
      'key_retired',
    ]);
  });

  it.each([['a.b.c'], [''], [undefined], [{}]])('is none where it is no token: %j', async (presented) => {
    expect(await heardOf(presented, 'malformed', es)).toEqual([]);
  });

  it('has an algorithm that nobody here knows: no key fits it', async () => {
    const [, ...rest] = tokenOf(es, 'ES256').split('.');
    const header = base64url({ alg: 'HS256', typ: 'JWT', kid: 'another' });
    expect(await heardOf([header, ...rest].join('.'), 'unsupported_algorithm', es)).toEqual([]);
  });

  it('is tried with seven others at most; of one more the kid alone is read', async () => {
    const { alarm, heard } = heardTriggers();
    const keys = new CanaryKeyDetector(new CanaryIndex(unchanging([decoy('d0', es)])), alarm);
    const verdict = { valid: false, reason: 'bad_signature' } as const;
    const looks = [...Array(9)].map(() => keys.check(tokenOf(es, 'ES256', 'another'), verdict, 'verify'));
    looks.push(keys.check(tokenOf(other, 'ES256', es.kid), verdict, 'verify'));
    await Promise.all(looks);
    expect(heard).toHaveLength(9);
    await keys.check(tokenOf(es, 'ES256', 'another'), verdict, 'verify');
    expect(heard).toHaveLength(10);
  });
});

it('a token that is good is none of a decoy', async () => {
  const { alarm, heard } = heardTriggers();
  const keys = new CanaryKeyDetector(new CanaryIndex(unchanging([decoy('d0', es)])), alarm);
  await keys.check(
    tokenOf(es, 'ES256'),
    { valid: true, claims: {}, kid: es.kid, keyState: 'active' },
    'verify',
  );
  expect(heard).toEqual([]);
});
