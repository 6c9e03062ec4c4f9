import { describe, expect, it } from 'vitest';
import { CORPUS, type CorpusCase } from '../../corpus/corpus.ts';
import { forge } from '../../corpus/forge.ts';
import { createWorld, NOW } from '../../corpus/world.ts';
import { judgingVerifier } from '../../support/judging-verifier.ts';

const world = createWorld();
const verifier = judgingVerifier({ keyRing: world.keyRing, clock: { nowSeconds: () => NOW } });

function expectedVerdict({ expected, suspiciousHeader }: CorpusCase): object {
  if (expected === 'valid') return { valid: true };
  return suspiciousHeader
    ? { valid: false, reason: expected, suspiciousHeader }
    : { valid: false, reason: expected };
}

describe('the corpus of attacks and edge cases', () => {
  it('names each case once', () => {
    expect(new Set(CORPUS.map(({ name }) => name)).size).toBe(CORPUS.length);
  });

  it.each(CORPUS.map((line) => [line.expected, line.name, line] as const))('%s: %s', async (_, __, line) => {
    const departure = typeof line.how === 'function' ? line.how(world) : line.how;
    const token = forge(world, line.algorithm, departure) as string;
    const verdict = await verifier.verify(world.scopeOf(line.algorithm).id, token);
    if (line.expected === 'valid') expect(verdict).toMatchObject(expectedVerdict(line));
    else expect(verdict).toEqual(expectedVerdict(line));
  });
});
