import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LineCount, lineFeeds, windows } from '../../../src/scan/windows.ts';
import { CREDENTIAL, inChunks, JWK, PEM, places, scanned, tokenLike } from '../../support/plant.ts';

const CUT = { stretch: 4_096, reach: 8_192 };
const SIZES = fc.array(fc.integer({ min: 1, max: 9_000 }), { minLength: 1, maxLength: 5 });

it('shows each byte to exactly one window as its own, with what stands around it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 300 }), SIZES, async (length, chunks) => {
      const bytes = Buffer.from(Array.from({ length }, (_, at) => at % 251));
      let own = Buffer.alloc(0);
      for await (const window of windows(inChunks(bytes, chunks), { stretch: 16, reach: 8 })) {
        expect(window.from).toBe(own.length);
        expect(window.base).toBe(Math.max(0, window.from - 8));
        own = Buffer.concat([
          own,
          window.bytes.subarray(window.from - window.base, window.until - window.base),
        ]);
        expect(window.bytes.equals(bytes.subarray(window.base, Math.min(length, window.until + 8)))).toBe(
          true,
        );
      }
      expect(own.equals(bytes)).toBe(true);
    }),
    { numRuns: 200 },
  );
});

it('finds each planted secret exactly once, at its place, however the stream is cut', async () => {
  const plants = [
    ['credential', CREDENTIAL],
    ['token', tokenLike()],
    ['private_key', PEM.pkcs8],
    ['private_key', JSON.stringify({ pem: PEM.pkcs1 }).slice('{"pem":"'.length)],
    ['private_key', `"d":"${JWK.ec.d}","kty":"EC"`],
  ] as const;
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({ plant: fc.nat({ max: plants.length - 1 }), gap: fc.integer({ min: 1, max: 9_000 }) }),
        {
          minLength: 1,
          maxLength: 4,
        },
      ),
      fc.constantFrom('latin1', 'utf16le'),
      fc.constantFrom(0x00, 0x20, 0xff),
      SIZES,
      async (planted, encoding, filler, chunks) => {
        const parts: Buffer[] = [];
        const expected: string[] = [];
        let at = 0;
        for (const { plant, gap } of planted) {
          const [kind, text] = plants[plant] ?? plants[0];
          const bytes = Buffer.from(text, encoding);
          // Braces keep what stands beside a key from being taken for a part of it.
          const before = Buffer.concat([Buffer.alloc(gap, filler), Buffer.from('}{', encoding)]);
          expected.push(`${kind} ${at + before.length}`);
          parts.push(before, bytes);
          at += before.length + bytes.length;
        }
        parts.push(Buffer.from('}', encoding));
        expect(places(await scanned(Buffer.concat(parts), { chunks, cut: CUT }))).toEqual(expected.sort());
      },
    ),
    { numRuns: 300 },
  );
}, 60_000);

it('numbers lines of a text, and none of what is binary', async () => {
  const lines = 'a line\n'.repeat(3_000);
  const [found] = await scanned(`${lines}here: ${CREDENTIAL}\n`, { cut: CUT });
  expect(found?.line).toBe(3_001);
  const [binary] = await scanned(`\0${lines}${CREDENTIAL}`, { cut: CUT });
  expect(binary?.line).toBeNull();
});

it('looks at each byte twice at most for the numbers of lines, however many findings a window has', () => {
  let looked = 0;
  const lines = new LineCount((bytes) => {
    looked += bytes.length;
    return lineFeeds(bytes);
  });
  const bytes = Buffer.from('eightlet\n'.repeat(10_000));
  for (let turn = 0; turn < 3; turn++) {
    for (let at = 0; at < 10_000; at += 1) {
      expect(lines.lineAt(turn * bytes.length + at * 9, bytes)).toBe(turn * 10_000 + at + 1);
    }
    // Another kind of finding, from the beginning of the window.
    expect(lines.lineAt(turn * bytes.length + 10, bytes)).toBe(turn * 10_000 + 2);
    lines.pass(bytes);
  }
  expect(looked).toBeLessThanOrEqual(2 * 3 * bytes.length);
});
