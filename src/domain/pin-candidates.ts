/** Of what could be a PIN: shorter ones would make comparing an oracle to guess with. */
export const PIN_BYTES = { least: 8, most: 64 } as const;
/** In one batch. */
export const MOST_PIN_CANDIDATES = 1_000;
/** What a batch counts at least, so that small ones cost their part of the allowance. */
export const LEAST_PIN_CHARGE = 100;

/** Candidates one after the other, each behind its length in a byte. */
export function packPinCandidates(candidates: readonly string[]): Buffer {
  return Buffer.concat(
    candidates.flatMap((candidate) => {
      const bytes = Buffer.from(candidate, 'latin1');
      return [Buffer.from([bytes.length]), bytes];
    }),
  );
}

/** The candidates as views of the bytes; undefined where there are none or too many, or one is too short or too long. */
export function unpackPinCandidates(packed: Buffer): readonly Buffer[] | undefined {
  const candidates: Buffer[] = [];
  for (let at = 0; at < packed.length; ) {
    const length = packed[at] ?? 0;
    const candidate = packed.subarray(at + 1, at + 1 + length);
    const fits = length >= PIN_BYTES.least && length <= PIN_BYTES.most && candidate.length === length;
    if (!fits || candidates.length >= MOST_PIN_CANDIDATES) return undefined;
    candidates.push(candidate);
    at += 1 + length;
  }
  return candidates.length > 0 ? candidates : undefined;
}
