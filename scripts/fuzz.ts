// Changes good tokens at random, before and after they are signed, and shows them to the service's reader and to the
// client library's: neither may take one that was changed after it was signed, both must say the same, and neither may
// take long. Ends with 1 where one of these fails.
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { TokenRefused } from '../src/client/errors.ts';
import { verifierIn } from '../src/client/verifier.ts';
import { ALGORITHM_NAMES, type Algorithm } from '../src/kernel/algorithm.ts';
import { forge } from '../test/corpus/forge.ts';
import { type Mutation, mutation } from '../test/corpus/mutations.ts';
import { createWorld, NOW } from '../test/corpus/world.ts';
import { startVerifyingService, VERIFIES } from '../test/support/verifying-service.ts';

const HELP = `Usage: npm run fuzz -- [--runs <n>] [--seed <n>]

  --runs <n>   tokens to show; default 1000000
  --seed <n>   the same tokens again; default: another each time`;
/** A run of fast-check keeps what it has drawn: this many at a time. */
const RUNS_AT_ONCE = 20_000;
/** Far beyond any reading, and short of what a garbage collection on a busy machine takes. */
const HANGS_MS = 2_000;

/** Quick to sign with. */
const SIGNED_ANEW = ['ES256', 'Ed25519'] as const satisfies Algorithm[];

const { values } = parseArgs({
  options: { runs: { type: 'string' }, seed: { type: 'string' }, help: { type: 'boolean' } },
});
const runs = Number(values.runs ?? 1_000_000);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const usable = Number.isSafeInteger(runs) && runs > 0 && Number.isSafeInteger(seed);
if (values.help || !usable) {
  console.log(HELP);
  process.exit(usable ? 0 : 2);
}

const world = createWorld();
const clock = { nowSeconds: () => NOW };
const service = await startVerifyingService(world.keyRing, clock);
const surroundings = { clock, monotonicMs: () => performance.now(), random: () => 0.5 };
const readers = new Map(
  ALGORITHM_NAMES.map((name) => {
    const { id: scope, issuer, audience } = world.scopeOf(name);
    const options = { url: service.url, scope, issuer, audience, credential: VERIFIES };
    return [name, verifierIn(options, surroundings)] as const;
  }),
);
const good = new Map(ALGORITHM_NAMES.map((name) => [name, forge(world, name) as string] as const));

async function ofLibrary(name: Algorithm, token: string): Promise<string> {
  try {
    await readers.get(name)?.verify(token);
    return 'valid';
  } catch (error) {
    if (error instanceof TokenRefused) return error.reason;
    throw error;
  }
}

async function ofService(name: Algorithm, token: string): Promise<string> {
  const verdict = await service.deps.verifier.verify(world.scopeOf(name).id, token);
  return verdict.valid ? 'valid' : verdict.reason;
}

const verdicts = new Map<string, number>();
let slowestMs = 0;

async function show(name: Algorithm, token: string, mayBeValid: boolean): Promise<void> {
  const began = performance.now();
  const said = [await ofService(name, token), await ofLibrary(name, token)];
  const tookMs = performance.now() - began;
  slowestMs = Math.max(slowestMs, tookMs);
  const [verdict = ''] = said;
  verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
  const expected = verdict === 'wrong_scope' ? 'unknown_key' : verdict;
  if (said[1] !== expected) throw new Error(`the service says ${verdict}, the library ${said[1]}`);
  if (!mayBeValid && (verdict === 'valid') !== (token === good.get(name)))
    throw new Error(`it is ${verdict}`);
  if (tookMs > HANGS_MS) throw new Error(`it took ${Math.round(tookMs)} ms`);
}

const mutations = fc.array(mutation, { minLength: 1, maxLength: 3 });
const changedBy = (by: readonly Mutation[], text: string) =>
  by.reduce((changed, mutate) => mutate(changed), text);

/** Changed after it was signed. */
const forged = fc.tuple(fc.constantFrom(...ALGORITHM_NAMES), mutations).map(([name, by]) => ({
  name,
  token: changedBy(by, good.get(name) ?? ''),
  mayBeValid: false,
}));

/** Header or claims changed before it was signed, by the right key. */
const misshapen = fc
  .tuple(fc.constantFrom(...SIGNED_ANEW), fc.constantFrom(0, 1), mutations)
  .map(([name, part, by]) => {
    const input = (good.get(name) ?? '').split('.').slice(0, 2);
    const text = Buffer.from(input[part] ?? '', 'base64url').toString();
    input[part] = Buffer.from(changedBy(by, text)).toString('base64url');
    const signature = world.key(name).sign(input.join('.')).toString('base64url');
    return { name, token: `${input.join('.')}.${signature}`, mayBeValid: true };
  });

const property = fc.asyncProperty(fc.oneof(forged, misshapen), ({ name, token, mayBeValid }) =>
  show(name, token, mayBeValid),
);

console.log(`seed ${seed}, ${runs} tokens`);
const startedAt = performance.now();
try {
  for (let done = 0; done < runs; done += RUNS_AT_ONCE) {
    await fc.assert(property, { numRuns: Math.min(RUNS_AT_ONCE, runs - done), seed: seed + done });
    if (process.stderr.isTTY) process.stderr.write(`\r${Math.min(done + RUNS_AT_ONCE, runs)} of ${runs}`);
  }
  if (process.stderr.isTTY) process.stderr.write('\n');
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  console.log(`${runs} tokens in ${seconds} s, the slowest ${slowestMs.toFixed(1)} ms; verdicts:`);
  console.table(Object.fromEntries([...verdicts].sort(([, a], [, b]) => b - a)));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await Promise.all([...readers.values()].map((reader) => reader.close()));
  await service.close();
}
