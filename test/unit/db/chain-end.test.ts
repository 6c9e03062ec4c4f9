import { expect, it } from 'vitest';
import { ChainEnd, type CommitOutcome } from '../../../src/db/chain-end.ts';

const head = (sequence: number) => ({ sequence, hash: Buffer.alloc(32, sequence) });

/** A transaction that finds `found` and appends one element. */
function append(end: ChainEnd, found: number, fate: CommitOutcome): boolean {
  const accepted = end.accept(head(found));
  if (accepted) end.append(head(found + 1));
  end.settle(fate);
  return accepted;
}

function standingAt(sequence: number): ChainEnd {
  const end = new ChainEnd();
  end.accept(head(sequence));
  end.settle('committed');
  return end;
}

it.each<[CommitOutcome, number, boolean]>([
  ['committed', 2, true],
  ['committed', 1, false],
  ['committed', 3, false],
  ['rolled_back', 1, true],
  ['rolled_back', 2, false],
  ['unknown', 1, true],
  ['unknown', 2, true],
  ['unknown', 3, false],
])('after an append that was %s, the end %i is its own: %s', (fate, found, expected) => {
  const end = standingAt(1);
  append(end, 1, fate);
  expect(end.accept(head(found))).toBe(expected);
});

it('knows again what it has once the fate of a commit shows', () => {
  const end = standingAt(1);
  append(end, 1, 'unknown');
  append(end, 2, 'committed');
  expect(end.accept(head(1))).toBe(false);
});

it('takes any end since the last one it knows, while the fate of several commits is unknown', () => {
  const end = standingAt(1);
  append(end, 1, 'unknown');
  append(end, 2, 'unknown');
  for (const found of [3, 2, 1]) expect(end.accept(head(found))).toBe(true);
  expect(end.head).toEqual(head(1));
  expect(end.accept(head(4))).toBe(false);
});

it('believes no end any more once it met a foreign one', () => {
  const end = standingAt(1);
  expect(append(end, 5, 'rolled_back')).toBe(false);
  expect(append(end, 1, 'rolled_back')).toBe(false);
});

it('takes its own append within the same transaction, and nothing else', () => {
  const end = standingAt(1);
  end.accept(head(1));
  end.append(head(2));
  expect(end.accept(head(2))).toBe(true);
  expect(end.accept(head(1))).toBe(false);
});

it('does not take another hash at the same place', () => {
  expect(standingAt(1).accept({ sequence: 1, hash: Buffer.alloc(32) })).toBe(false);
});
