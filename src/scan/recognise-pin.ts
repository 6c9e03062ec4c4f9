import type { Recogniser } from './finding.ts';

export const PIN_LENGTHS = [8, 64] as const;

/** Runs of printable characters without a blank, of any length: what stands between them delimits. */
const RUN = /[\x21-\x7e]{8,}/g;
/** What also delimits within a run: assignments, quotes, lists, addresses. */
const PART = /[^"'`=:,;<>()[\]{}|&@/\\?]{8,}/g;

/** What could be a PIN: a printable run of 8 to 64 characters, whole or as a part of a longer one. */
export const pinCandidates: Recogniser = {
  needles: null,
  *find(text) {
    for (const { 0: run, index: at } of text.matchAll(RUN)) {
      if (isPinLong(run)) yield { at, sight: { kind: 'pin_candidate', secret: run } };
      for (const { 0: part, index } of run.matchAll(PART)) {
        if (part.length === run.length || !isPinLong(part)) continue;
        yield { at: at + index, sight: { kind: 'pin_candidate', secret: part } };
      }
    }
  },
};

function isPinLong({ length }: string): boolean {
  const [least, most] = PIN_LENGTHS;
  return length >= least && length <= most;
}
