import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  EVIDENCE_SALT_BYTES,
  evidenceCommitment,
  isErased,
  readableEvidence,
  withoutPersonalEvidence,
} from '../../../src/events/evidence-commitment.ts';

const SALT = Buffer.alloc(EVIDENCE_SALT_BYTES, 7);
const EVIDENCE = { digest: 'd', kid: 'k', claims: { sub: 'user-1', email: 'u@example.org' }, record: null };

it('an erasure takes the personal values, and leaves all else and the commitment', () => {
  const json = JSON.stringify(EVIDENCE);
  const erased = withoutPersonalEvidence(SALT, json);
  expect(erased.json).not.toMatch(/user-1|example/);
  expect(erased.salt).toHaveLength(EVIDENCE_SALT_BYTES / 2);
  expect(readableEvidence(erased.json)).toEqual({ ...EVIDENCE, claims: null });
  expect([isErased(json), isErased(erased.json)]).toEqual([false, true]);
  expect(evidenceCommitment(erased.salt, erased.json)).toEqual(evidenceCommitment(SALT, json));
});

it('evidence that was changed, or other values erased, does not fit', () => {
  const commitment = evidenceCommitment(SALT, JSON.stringify(EVIDENCE));
  const { json, salt } = withoutPersonalEvidence(SALT, JSON.stringify(EVIDENCE));
  for (const changed of [
    json.replace('"d"', '"e"'),
    JSON.stringify({ ...EVIDENCE, claims: null }),
    withoutPersonalEvidence(SALT, JSON.stringify({ ...EVIDENCE, claims: { sub: 'user-2' } })).json,
  ]) {
    expect(evidenceCommitment(salt, changed)).not.toEqual(commitment);
  }
});

it.each([
  ['no JSON', '{"digest":"d"}x'],
  ['nothing', ''],
  ['a list', '["d"]'],
  ['null', 'null'],
  ['another spelling', `${JSON.stringify(EVIDENCE)} `],
  ['a member twice', '{"digest":"x","digest":"d","kid":"k","claims":{},"record":null}'],
])('what somebody else wrote, %s, is read without a failure and fits no commitment', (_, written) => {
  const commitment = evidenceCommitment(SALT, JSON.stringify(EVIDENCE));
  expect(evidenceCommitment(SALT, written)).not.toEqual(commitment);
  expect(typeof isErased(written)).toBe('boolean');
  expect(typeof readableEvidence(written)).toBe('object');
  expect(() => withoutPersonalEvidence(SALT, written)).not.toThrow();
});

it('holds for any evidence, erased once or twice', () => {
  const object = fc.dictionary(fc.string(), fc.jsonValue());
  fc.assert(
    fc.property(object, object, (rest, claims) => {
      const json = JSON.stringify({ ...rest, claims });
      const once = withoutPersonalEvidence(SALT, json);
      const twice = withoutPersonalEvidence(once.salt, once.json);
      expect(twice).toEqual(once);
      expect(evidenceCommitment(once.salt, once.json)).toEqual(evidenceCommitment(SALT, json));
    }),
  );
});
