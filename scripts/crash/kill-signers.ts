import { startClients } from './clients.ts';
import { Front } from './front.ts';
import { loadForAWhile } from './load.ts';
import type { Run } from './run.ts';

/** One front throughout; it replaces the signer each time. */
export async function killSigners(run: Run): Promise<void> {
  const { bench, figures, hands, witness, options } = run;
  const front = new Front(bench, {});
  front.begin();
  const addresses = await front.listening();
  if (!addresses) throw new Error('the service did not start');
  try {
    while (figures.kills < options.kills) {
      const clients = startClients(addresses, bench, hands);
      await loadForAWhile(run, clients);
      const began = performance.now();
      const [pid = 0] = front.signerPids().slice(-1);
      process.kill(pid, 'SIGKILL');
      figures.kills += 1;
      await front.logged(
        ({ msg, pid: other }) =>
          msg === 'signer ready' && !run.signerPids.has(Number(other)) && other !== pid,
      );
      run.signerPids.add(pid);
      figures.startsMs.push(performance.now() - began);
      await clients.stop();
      figures.add(witness.examine());
      run.told();
    }
    for (const pid of front.signerPids()) run.signerPids.add(pid);
  } finally {
    front.kill('SIGTERM');
    await front.gone();
  }
}
