import { Agent } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { SCOPE } from './bench.ts';
import { startClients } from './clients.ts';
import { type Addresses, Front, LEVEL } from './front.ts';
import { loadForAWhile } from './load.ts';
import { request } from './request.ts';
import type { Run } from './run.ts';

/** Beside the examination of what is new, which comes after every kill. */
const KILLS_BETWEEN_WHOLE_EXAMINATIONS = 100;
/** A start makes some fifteen writes and syncs; a second under load hundreds. */
const LAST_DEED = 150;
/** For the front to come to its last deed. */
const DEED_PATIENCE_MS = 5_000;

/** When a front dies: answers whether it came as far as it should. */
const MOMENTS = {
  /** At a random moment after its first token. */
  async load(run: Run, front: Front): Promise<boolean> {
    const addresses = await start(run, front);
    if (!addresses) return false;
    const clients = startClients(addresses, run.bench, run.clientTokens);
    await loadForAWhile(run, clients);
    if (run.options.target === 'both') killSignerOf(front);
    front.kill();
    await front.gone();
    await clients.stop();
    return true;
  },
  /** At a random moment before it listens, or thereabouts. */
  async start({ random, figures }: Run, front: Front): Promise<boolean> {
    front.begin();
    await pause(random() * (figures.startsMs.at(-1) ?? 0));
    front.kill();
    return true;
  },
  /** By itself, instead of the write or sync that it was told. */
  async deed({ bench, clientTokens }: Run, front: Front): Promise<boolean> {
    front.begin();
    const addresses = await front.listening();
    const clients = addresses && startClients(addresses, bench, clientTokens);
    await Promise.race([front.gone(), pause(DEED_PATIENCE_MS, undefined, { ref: false })]);
    front.kill();
    const { signal } = await front.gone();
    await clients?.stop();
    return signal === 'SIGKILL';
  },
};
type Moment = keyof typeof MOMENTS;

interface Loaded {
  readonly front: Front;
  readonly moment: Moment;
}

/** One front after another on the same token and database; the next one loads its code meanwhile. */
export async function killFronts(run: Run): Promise<void> {
  const { figures, options } = run;
  let next = load(run, 'load');
  try {
    while (figures.kills < options.kills) {
      const { front, moment } = next;
      next = load(run, figures.kills + 1 < options.kills ? anyMoment(run) : 'load');
      const isAsPlanned = await killOne(run, front, moment);
      run.told();
      if (!isAsPlanned) return;
    }
    if (await start(run, next.front)) next.front.kill('SIGTERM');
    else figures.add(['the service did not start again']);
    await end(run, next.front);
  } finally {
    next.front.kill();
  }
}

function load({ bench, powerLoss, random }: Run, moment: Moment): Loaded {
  const deed = 1 + Math.floor(random() * LAST_DEED);
  const dying = moment === 'deed' ? { FORGET_DIE_AT: String(deed) } : {};
  return { front: new Front(bench, { ...powerLoss?.environment, ...dying }), moment };
}

/** One in eight while it starts; half of the others at a deed, where there is a library that counts them. */
function anyMoment({ random, powerLoss, options }: Run): Moment {
  if (random() < 1 / 8) return 'start';
  return powerLoss && options.target === 'front' && random() < 1 / 2 ? 'deed' : 'load';
}

async function killOne(run: Run, front: Front, moment: Moment): Promise<boolean> {
  const { figures, consistency } = run;
  const isAsPlanned = await MOMENTS[moment](run, front);
  figures.kills += 1;
  figures.killsAt[moment] += 1;
  await end(run, front);
  figures.add(consistency.examine());
  if (figures.kills % KILLS_BETWEEN_WHOLE_EXAMINATIONS === 0) figures.add(await consistency.examineAll());
  if (!isAsPlanned) figures.add(['the service did not start again']);
  return isAsPlanned;
}

function killSignerOf(front: Front): void {
  const pid = front.signerPids().at(-1);
  if (pid !== undefined) process.kill(pid, 'SIGKILL');
}

async function start(run: Run, front: Front): Promise<Addresses | undefined> {
  const began = performance.now();
  front.begin();
  const addresses = await front.listening();
  if (!addresses) return undefined;
  run.figures.startsMs.push(performance.now() - began);
  run.figures.add(await verifyNewest(run, addresses));
  return addresses;
}

/** What the service itself says of the last token that it let go before it was killed. */
async function verifyNewest({ clientTokens, bench }: Run, { data }: Addresses): Promise<string[]> {
  if (clientTokens.newest === undefined) return [];
  const agent = new Agent();
  const { text } = await request(agent, {
    method: 'POST',
    url: `${data}/v1/scopes/${SCOPE}/verify`,
    credential: bench.credentials.verify,
    body: { token: clientTokens.newest },
  });
  agent.destroy();
  return text.startsWith('{"valid":true') ? [] : [`the newest token is answered ${text || 'not at all'}`];
}

async function end({ figures, powerLoss, signerPids, options }: Run, front: Front): Promise<void> {
  await front.gone();
  for (const pid of front.signerPids()) signerPids.add(pid);
  // Where the signer is killed too, the front may have to say so.
  figures.add(front.complaints(options.target === 'front' ? LEVEL.error : LEVEL.fatal));
  const undone = powerLoss?.undo();
  figures.undone.writes += undone?.writes ?? 0;
  figures.undone.names += undone?.names ?? 0;
}
