import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { TokenRefused } from '../../../src/client/errors.ts';
import { type Verifier, verifierIn } from '../../../src/client/verifier.ts';
import { ALGORITHM_NAMES, type Algorithm } from '../../../src/kernel/algorithm.ts';
import type { RefusalReason } from '../../../src/kernel/verification.ts';
import { CORPUS } from '../../corpus/corpus.ts';
import { forge } from '../../corpus/forge.ts';
import { createWorld, NOW } from '../../corpus/world.ts';
import { startVerifyingService, VERIFIES, type VerifyingService } from '../../support/verifying-service.ts';

const world = createWorld();
const clock = { nowSeconds: () => NOW };
const surroundings = { clock, monotonicMs: () => performance.now(), random: () => 0.5 };

/** What the service knows and no verifier can: the keys of other scopes (I3), and keys that are long gone. */
const KNOWN_TO_THE_SERVICE_ALONE = new Map<RefusalReason, RefusalReason>([['wrong_scope', 'unknown_key']]);
const OF_KEYS_LONG_GONE = 'ES256: of a destroyed key';

let service: VerifyingService;
const verifiers = new Map<Algorithm, Verifier>();

beforeAll(async () => {
  service = await startVerifyingService(world.keyRing, clock);
  for (const algorithm of ALGORITHM_NAMES) {
    const { id: scope, issuer, audience } = world.scopeOf(algorithm);
    const options = { url: service.url, scope, issuer, audience, credential: VERIFIES };
    verifiers.set(algorithm, verifierIn(options, surroundings));
  }
  for (const verifier of verifiers.values()) {
    await vi.waitFor(() => expect(verifier.status().events).toBe('following'), 10_000);
  }
});

afterAll(async () => {
  await Promise.all([...verifiers.values()].map((verifier) => verifier.close()));
  await service.close();
});

async function verdictOf(verifier: Verifier | undefined, token: string): Promise<string> {
  try {
    await verifier?.verify(token);
    return 'valid';
  } catch (error) {
    if (error instanceof TokenRefused) return error.reason;
    throw error;
  }
}

describe('the library gives the verdict that the service gives', () => {
  it.each(CORPUS.map((line) => [line.expected, line.name, line] as const))(
    '%s: %s',
    async (expected, name, line) => {
      const departure = typeof line.how === 'function' ? line.how(world) : line.how;
      const token = forge(world, line.algorithm, departure) as string;
      const { id } = world.scopeOf(line.algorithm);
      const ofService = await service.deps.verifier.verify(id, token);
      expect(ofService.valid ? 'valid' : ofService.reason).toBe(expected);
      const own = name === OF_KEYS_LONG_GONE ? 'unknown_key' : undefined;
      const reason =
        own ?? (expected === 'valid' ? 'valid' : (KNOWN_TO_THE_SERVICE_ALONE.get(expected) ?? expected));
      expect(await verdictOf(verifiers.get(line.algorithm), token)).toBe(reason);
      // The second time it comes from memory, or is judged anew: it must be the same.
      expect(await verdictOf(verifiers.get(line.algorithm), token)).toBe(reason);
    },
  );
});
