// `keyward key compromise` on a service that issues tokens meanwhile. Prints how long it took from the start of the
// command until the service's own `verify` refused the first token of the key, and what failed in between.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startService } from '../test/support/running-service.ts';

const COMMAND_LINE = fileURLToPath(new URL('keyward', import.meta.url));
const CALLERS = 4;
/** Asking without a pause would take the core that the command needs. */
const POLL_EVERY_MS = 5;
/** As long as a service has served before anything happens to it, at least. */
const WARM_UP_MS = 5_000;
const GIVE_UP_MS = 30_000;

const service = await startService();
try {
  const { sign, verify } = await service.provision({ id: 'payments' });
  const issue = () => service.data('POST', '/v1/scopes/payments/tokens', sign, { claims: { sub: 'alice' } });
  const { token, kid } = (await issue()).body;
  const accepted = async () =>
    (await service.data('POST', '/v1/scopes/payments/verify', verify, { token })).body;
  if (!(await accepted()).valid) throw new Error('the token is refused before');
  const operator = join(service.hsm.folder, 'operator-of-run');
  writeFileSync(operator, `${service.operator}\norigin ${service.operationsUrl}\n`, { mode: 0o600 });

  let loading = true;
  const statuses = new Map<number, number>();
  const load = Array.from({ length: CALLERS }, async () => {
    while (loading) {
      const { status } = await issue();
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  });
  await wait(WARM_UP_MS);
  statuses.clear();
  const startedAt = performance.now();
  const where = ['--url', service.operationsUrl, '--credential-file', operator];
  const command = ['key', 'compromise', kid, '--reason', 'drill', '--json', ...where];
  const child = spawn(COMMAND_LINE, command, { stdio: 'ignore' });
  const ended = once(child, 'exit').then(([code]) => [code, Math.round(performance.now() - startedAt)]);
  const refusal = await firstRefusal(accepted, startedAt);
  const [exitCode, endedMs] = await ended;
  loading = false;
  await Promise.all(load);
  console.table({
    'first refusal by verify': `${refusal.reason} after ${refusal.tookMs} ms`,
    'command ended': `${exitCode} after ${endedMs} ms`,
    'tokens asked for meanwhile': [...statuses.values()].reduce((sum, count) => sum + count, 0),
    'of them not issued': [...statuses].reduce((sum, [status, of]) => sum + (status === 201 ? 0 : of), 0),
  });
} finally {
  await service.remove();
}

async function firstRefusal(accepted: () => Promise<{ valid: boolean; reason?: string }>, startedAt: number) {
  for (;;) {
    const { valid, reason } = await accepted();
    const tookMs = Math.round(performance.now() - startedAt);
    if (!valid) return { reason, tookMs };
    if (tookMs > GIVE_UP_MS) throw new Error('the token is still accepted');
    await wait(POLL_EVERY_MS);
  }
}
