import { Agent } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { SCOPE } from './bench.ts';
import { startClients } from './clients.ts';
import { type Addresses, Front, LEVEL } from './front.ts';
import { loadForAWhile } from './load.ts';
import { request } from './request.ts';
import type { Run } from './run.ts';

/** Of all kills, those that come while the front starts. */
const SHARE_IN_START_UP = 1 / 8;
/** Beside the examination of what is new, which comes after every kill. */
const KILLS_BETWEEN_WHOLE_EXAMINATIONS = 100;

/** One front after another on the same token and database; the next one loads its code meanwhile. */
export async function killFronts(run: Run): Promise<void> {
  const { figures, options } = run;
  let next = load(run);
  try {
    while (figures.kills < options.kills) {
      const front = next;
      next = load(run);
      const lasted = await killOne(run, front);
      run.told();
      if (!lasted) return;
    }
    const front = next;
    if (await start(run, front)) front.kill('SIGTERM');
    await end(run, front);
  } finally {
    next.kill();
  }
}

function load({ bench, forgetting }: Run): Front {
  return new Front(bench, forgetting?.environment ?? {});
}

/** False where the front did not start: nothing is to be had from more of that. */
async function killOne(run: Run, front: Front): Promise<boolean> {
  const { random, figures, witness } = run;
  const isInStartUp = figures.startsMs.length > 0 && random() < SHARE_IN_START_UP;
  const lasted = await (isInStartUp ? killInStartUp(run, front) : killUnderLoad(run, front));
  figures.kills += 1;
  if (isInStartUp) figures.killsInStartUp += 1;
  await end(run, front);
  figures.add(witness.examine());
  if (figures.kills % KILLS_BETWEEN_WHOLE_EXAMINATIONS === 0) figures.add(await witness.examineAll());
  return lasted;
}

async function killInStartUp({ random, figures }: Run, front: Front): Promise<boolean> {
  front.begin();
  await pause(random() * (figures.startsMs.at(-1) ?? 0));
  front.kill();
  return true;
}

async function killUnderLoad(run: Run, front: Front): Promise<boolean> {
  const addresses = await start(run, front);
  if (!addresses) return false;
  const clients = startClients(addresses, run.bench, run.hands);
  await loadForAWhile(run, clients);
  if (run.options.target === 'both') killSignerOf(front);
  front.kill();
  await front.gone();
  await clients.stop();
  return true;
}

function killSignerOf(front: Front): void {
  const pid = front.signerPids().at(-1);
  if (pid !== undefined) process.kill(pid, 'SIGKILL');
}

async function start(run: Run, front: Front): Promise<Addresses | undefined> {
  const began = performance.now();
  front.begin();
  const addresses = await front.listening();
  if (addresses) {
    run.figures.startsMs.push(performance.now() - began);
    run.figures.add(await verifyNewest(run, addresses));
  } else run.figures.add(['the service did not start again']);
  return addresses;
}

/** What the service itself says of the last token that it let go before it was killed. */
async function verifyNewest({ hands, bench }: Run, { data }: Addresses): Promise<string[]> {
  if (hands.newest === undefined) return [];
  const agent = new Agent();
  const { text } = await request(agent, {
    method: 'POST',
    url: `${data}/v1/scopes/${SCOPE}/verify`,
    credential: bench.credentials.verify,
    body: { token: hands.newest },
  });
  agent.destroy();
  return text.startsWith('{"valid":true') ? [] : [`the newest token is answered ${text || 'not at all'}`];
}

async function end({ figures, forgetting, signerPids, options }: Run, front: Front): Promise<void> {
  await front.gone();
  for (const pid of front.signerPids()) signerPids.add(pid);
  // Where the signer is killed too, the front may have to say so.
  figures.add(front.complaints(options.target === 'front' ? LEVEL.error : LEVEL.fatal));
  const undone = forgetting?.undo();
  figures.undone.writes += undone?.writes ?? 0;
  figures.undone.names += undone?.names ?? 0;
}
