// Fifty verifiers follow a service under load; one key is declared compromised. Prints how long each verifier took
// to refuse its tokens, from before the call: one process holds them all, so the figures are an upper bound.
import { performance } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { createSigner, createVerifier, TokenRefused, type Verifier } from '../src/client/index.ts';
import { startService } from '../test/support/running-service.ts';

const VERIFIERS = 50;
const POLL_EVERY_MS = 5;
const GIVE_UP_MS = 30_000;

const service = await startService();
const verifiers: Verifier[] = [];
let loading = true;
let issued = 0;
let failed = 0;
try {
  const { sign, verify } = await service.provision({ id: 'payments' });
  const of = { url: service.dataUrl, scope: 'payments' };
  const who = { issuer: 'https://login.example', audience: 'https://payments.example' };
  const signer = createSigner({ ...of, credential: sign });
  for (let n = 0; n < VERIFIERS; n++) {
    verifiers.push(createVerifier({ ...of, ...who, credential: verify, instance: `v${n}` }));
  }
  while (!verifiers.every((verifier) => verifier.status().events === 'following')) await wait(50);

  const load = Array.from({ length: 8 }, async () => {
    while (loading) {
      await signer.sign({ sub: 'load' }).then(
        () => issued++,
        () => failed++,
      );
    }
  });
  const { token, kid } = await signer.sign({ sub: 'alice' });
  for (const verifier of verifiers) await verifier.verify(token);

  const startedAt = performance.now();
  const obeyed = verifiers.map((verifier) => untilRefused(verifier, token, startedAt));
  const { status } = await service.operations('POST', `/v1/admin/keys/${kid}/compromise`, {
    reason: 'drill',
  });
  const answeredMs = Math.round(performance.now() - startedAt);
  const took = (await Promise.all(obeyed)).sort((a, b) => a - b);
  loading = false;
  await Promise.all(load);
  const at = (share: number) =>
    Math.round(took[Math.min(took.length - 1, Math.floor(share * took.length))] ?? 0);
  console.table({
    verifiers: VERIFIERS,
    'compromise answered': `${status} after ${answeredMs} ms`,
    'median refuses after': `${at(0.5)} ms`,
    'slowest refuses after': `${at(1)} ms`,
    'tokens meanwhile': issued,
    'requests failed meanwhile': failed,
  });
} finally {
  loading = false;
  await Promise.all(verifiers.map((verifier) => verifier.close()));
  await service.remove();
}

async function untilRefused(verifier: Verifier, token: string, startedAt: number): Promise<number> {
  for (;;) {
    const outcome = await verifier.verify(token).catch((error: unknown) => error);
    const elapsed = performance.now() - startedAt;
    if (outcome instanceof TokenRefused) return elapsed;
    if (elapsed > GIVE_UP_MS) throw new Error('a verifier still accepts the token');
    await wait(POLL_EVERY_MS);
  }
}
