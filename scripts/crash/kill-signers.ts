import { startClients } from './clients.ts';
import { type Addresses, Front, LEVEL } from './front.ts';
import { loadForAWhile } from './load.ts';
import type { Run } from './run.ts';

/** One front throughout, which replaces the signer each time. */
export async function killSigners(run: Run): Promise<void> {
  const { bench, figures, consistency, options } = run;
  const front = new Front(bench, {});
  front.begin();
  const addresses = await front.listening();
  try {
    let isReplaced = addresses !== undefined;
    while (addresses && isReplaced && figures.kills < options.kills) {
      isReplaced = await killOne(run, front, addresses);
      figures.add(consistency.examine());
      run.told();
    }
    if (!isReplaced) figures.add(['no signer started again']);
  } finally {
    front.kill('SIGTERM');
    await front.gone();
    figures.add(front.complaints(LEVEL.fatal));
    for (const pid of front.signerPids()) run.signerPids.add(pid);
  }
}

async function killOne(run: Run, front: Front, addresses: Addresses): Promise<boolean> {
  const clients = startClients(addresses, run.bench, run.clientTokens);
  await loadForAWhile(run, clients);
  const began = performance.now();
  const before = new Set(front.signerPids());
  for (const pid of [...before].slice(-1)) process.kill(pid, 'SIGKILL');
  run.figures.kills += 1;
  run.figures.killsAt.load += 1;
  const next = await front.logged(({ msg, pid }) => msg === 'signer ready' && !before.has(Number(pid)));
  run.figures.startsMs.push(performance.now() - began);
  await clients.stop();
  return next !== undefined;
}
