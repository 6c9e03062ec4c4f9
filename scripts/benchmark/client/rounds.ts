import type { Issuer } from './issuer.ts';
import { type Candidate, LIBRARIES, type Library } from './libraries.ts';

export interface Cost {
  readonly cpuMicros: number;
  readonly wallMicros: number;
}

/** Of the least disturbed round each; or what the library says of tokens of that algorithm. */
export type Result = { readonly cold: Cost; readonly repeated: Cost } | { readonly cannot: string };

export interface Effort {
  readonly rounds: number;
  /** Tokens a round, each verified once. */
  readonly tokens: number;
  readonly concurrency: number;
}

/** Repeated tokens are verified over and over for at least so long: a look-up is too short to measure alone. */
const REPEATED_MS = 60;
const REPEATED_TOKENS = 100;

/** Libraries take turns within each round, so that what disturbs the machine disturbs them alike. */
export async function measure(issuer: Issuer, effort: Effort): Promise<Record<string, Result>> {
  const results: Record<string, Result> = {};
  const able: [name: string, library: Library][] = [];
  for (const [name, library] of Object.entries(LIBRARIES)) {
    const cannot = await refusal(library, issuer);
    if (cannot === undefined) able.push([name, library]);
    else results[name] = { cannot };
  }
  for (let round = 0; round < effort.rounds; round++) {
    // Nobody always goes first.
    for (const [name, library] of round % 2 === 0 ? able : able.toReversed()) {
      results[name] = better(results[name], await runOnce(library, issuer, effort));
    }
  }
  return results;
}

/** What the library says against tokens of the algorithm, if anything. */
async function refusal(library: Library, issuer: Issuer): Promise<string | undefined> {
  const [token = ''] = issuer.tokens(1);
  try {
    const candidate = library(issuer);
    await candidate.verify(token);
    await candidate.close?.();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function runOnce(library: Library, issuer: Issuer, { tokens, concurrency }: Effort) {
  const candidate = library(issuer);
  const fresh = issuer.tokens(tokens);
  // The key set is there, and the key imported, before anything is measured.
  await candidate.verify(issuer.tokens(1)[0] ?? '');
  const cold = await costOf(tokens, () => verifyAll(candidate, fresh, concurrency));
  const again = fresh.slice(-REPEATED_TOKENS);
  let verified = 0;
  const started = performance.now();
  const total = await costOf(1, async () => {
    do {
      await verifyAll(candidate, again, concurrency);
      verified += again.length;
    } while (performance.now() - started < REPEATED_MS);
  });
  await candidate.close?.();
  const repeated = { cpuMicros: total.cpuMicros / verified, wallMicros: total.wallMicros / verified };
  return { cold, repeated };
}

async function verifyAll(
  candidate: Candidate,
  tokens: readonly string[],
  concurrency: number,
): Promise<void> {
  if (concurrency === 1) {
    for (const token of tokens) await candidate.verify(token);
    return;
  }
  for (let at = 0; at < tokens.length; at += concurrency) {
    await Promise.all(tokens.slice(at, at + concurrency).map((token) => candidate.verify(token)));
  }
}

async function costOf(count: number, work: () => Promise<void>): Promise<Cost> {
  const [cpu, wall] = [process.cpuUsage(), performance.now()];
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { cpuMicros: (user + system) / count, wallMicros: (1_000 * (performance.now() - wall)) / count };
}

function better(known: Result | undefined, { cold, repeated }: { cold: Cost; repeated: Cost }): Result {
  if (!known || 'cannot' in known) return { cold, repeated };
  return { cold: least(known.cold, cold), repeated: least(known.repeated, repeated) };
}

function least(a: Cost, b: Cost): Cost {
  return {
    cpuMicros: Math.min(a.cpuMicros, b.cpuMicros),
    wallMicros: Math.min(a.wallMicros, b.wallMicros),
  };
}
