// How much of a slow token's sessions the queue before it uses, on a clock of its own: no other load distorts it.
// node scripts/benchmark/slow-token.ts
import type { Child } from '../../src/signer/link/child.ts';
import { SignQueue } from '../../src/signer/link/sign-queue.ts';
import { seededRandom } from '../../test/support/seeded-random.ts';

const HOP_MS = 0.15;
/** From a signature to the same caller's next request: check, record and HTTP. */
const LEAST_THINKING_MS = 1;
const MOST_THINKING_MS = 5;
const [WARM_MS, END_MS] = [2_000, 4_000];

interface Token {
  readonly sessions: number;
  readonly signatureMs: number;
}

const rows = [4, 8, 16].flatMap((sessions) =>
  [1, 5, 20].map(async (signatureMs) => {
    const token = { sessions, signatureMs };
    const shares: Record<string, string> = {};
    for (const callers of [1, sessions / 2, sessions, sessions + 2, 64]) {
      const thinkingMs = (LEAST_THINKING_MS + MOST_THINKING_MS) / 2;
      const possible = Math.min(1, (callers * signatureMs) / (signatureMs + thinkingMs) / sessions);
      shares[nameOf(callers, sessions)] =
        `${(await used(token, callers)).toFixed(2)} of ${possible.toFixed(2)}`;
    }
    return { sessions, ms: signatureMs, ...shares };
  }),
);
console.table(await Promise.all(rows));

function nameOf(callers: number, sessions: number): string {
  if (callers === 1 || callers === 64) return `callers: ${callers}`;
  if (callers < sessions) return 'half as many';
  return callers === sessions ? 'as many' : 'two more';
}

/** The share of all that the sessions could sign. */
async function used({ sessions, signatureMs }: Token, callers: number): Promise<number> {
  const random = seededRandom(7);
  const due: { readonly at: number; readonly run: () => void }[] = [];
  let now = 0;
  const after = (ms: number, run: () => void) => due.push({ at: now + ms, run });

  let free = sessions;
  let signed = 0;
  const waiting: (() => void)[] = [];
  const begin = (done: () => void) => {
    if (free === 0) return void waiting.push(() => begin(done));
    free -= 1;
    after(signatureMs, () => {
      free += 1;
      if (now > WARM_MS) signed += 1;
      done();
      waiting.shift()?.();
    });
  };
  const call = (_op: string, items: readonly unknown[]) =>
    new Promise((resolve) => {
      let left = items.length;
      const answer = () => after(HOP_MS, () => resolve({ gives: items.map(() => Buffer.alloc(64)) }));
      after(HOP_MS, () => {
        for (const _ of items) begin(() => --left === 0 && answer());
      });
    });

  const timers = { nowMs: () => now, after: () => () => {} };
  const queue = new SignQueue({ limit: 1_000, signMs: END_MS, timers, onRemedy() {} });
  queue.attach({ call } as unknown as Child, sessions);
  const think = () =>
    after(LEAST_THINKING_MS + random() * (MOST_THINKING_MS - LEAST_THINKING_MS), () => {
      void queue.add({ kid: 'kid', signingInput: 'a.b', forCaller: true }, END_MS).then(think);
    });
  for (let n = 0; n < callers; n++) think();
  while (now < END_MS) {
    due.sort((a, b) => b.at - a.at);
    const next = due.pop();
    if (!next) break;
    now = next.at;
    next.run();
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  }
  return (signed * signatureMs) / ((END_MS - WARM_MS) * sessions);
}
