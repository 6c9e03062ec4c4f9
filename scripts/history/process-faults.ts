import { writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Fault } from './fault.ts';
import type { Front, Fronts } from './fronts.ts';
import type { Stage } from './stage.ts';

const BOTH = ['sqlite', 'postgres'] as const;
const FROZEN_MS = 5_000;
const FROZEN_LONGER_MS = 10_000;
const LEADER_FROZEN_MS = 30_000;
const JOINED_MS = 5_000;
const LATCHED_WITHIN_MS = 20_000;
const BETWEEN_LOOKS_MS = 100;
const READY = 'signer ready';

async function freeze(pid: number | undefined, ms: number): Promise<void> {
  if (pid === undefined || !send(pid, 'SIGSTOP')) return;
  await pause(ms);
  send(pid, 'SIGCONT');
}

function freezeFront(fronts: Fronts, front: Front, ms: number): Promise<void> {
  return fronts.impair([front], 'frozen', () => freeze(front.service.process.pid, ms));
}

/** One that hangs is replaced, and may be gone. */
function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

async function untilNewSigner({ service }: Front, former: number): Promise<void> {
  await service.logged(({ msg, pid }) => msg === READY && pid !== former);
}

const STOPPED = 'signer stopped: an operator has to look';

/** Of what that front has logged since. */
function linesSince({ service: { log } }: Front, from: number, msg: string) {
  return log.slice(from).filter((line) => line.msg === msg);
}

/** Settles once each of them has logged that again, or too late. */
async function untilAll(
  fronts: readonly Front[],
  from: ReadonlyMap<Front, number>,
  msg: string,
): Promise<void> {
  const deadline = performance.now() + LATCHED_WITHIN_MS;
  const isMissing = (front: Front) => linesSince(front, from.get(front) ?? 0, msg).length === 0;
  while (fronts.some(isMissing) && performance.now() < deadline) await pause(BETWEEN_LOOKS_MS);
}

/** One front has the right PIN and goes on, also with a new signer; the others wait until people have cleared it. */
async function spoilPins({ fronts, history }: Stage): Promise<void> {
  const right = fronts.any();
  const wrong = fronts.all.filter((front) => front !== right);
  const asked = performance.now();
  const lengths = () => new Map(fronts.all.map((front) => [front, front.service.log.length]));
  const killSigners = (killed: readonly Front[]) => {
    for (const { service } of killed) send(service.signerPid(), 'SIGKILL');
  };
  const begun = lengths();
  for (const { service } of wrong) writeFileSync(service.hsm.settings.pinFile, 'not-the-pin\n');
  killSigners(wrong);
  await untilAll(wrong, begun, STOPPED);
  killSigners([right]);
  await untilAll([right], begun, READY);
  for (const { service } of wrong) writeFileSync(service.hsm.settings.pinFile, `${service.hsm.pin}\n`);
  const mended = lengths();
  await right.service.act('POST', '/v1/admin/hsm/primary/clear-latch');
  await untilAll(wrong, mended, READY);
  const report = { client: 'faults', asked, answered: performance.now(), outcome: 'ok' as const };
  for (const front of wrong)
    for (const { why } of linesSince(front, begun.get(front) ?? 0, STOPPED))
      if (String(why).includes('CKR_PIN_INCORRECT'))
        history.add({ ...report, what: 'pin_rejected', front: front.name });
}

const FAULTS: readonly Omit<Fault, 'isAimed'>[] = [
  {
    name: 'front-killed',
    what: 'SIGKILL of a front, which is started again',
    engines: BOTH,
    play: ({ fronts }) => fronts.restart(fronts.any()),
  },
  {
    name: 'front-frozen',
    what: 'SIGSTOP of a front for 5 s',
    engines: BOTH,
    play: ({ fronts }) => freezeFront(fronts, fronts.any(), FROZEN_MS),
  },
  {
    name: 'signer-killed',
    what: 'SIGKILL of the signer of a front',
    engines: BOTH,
    async play({ fronts }) {
      const front = fronts.any();
      const pid = front.service.signerPid();
      await fronts.impair([front], 'disturbed', async () => {
        if (send(pid, 'SIGKILL')) await untilNewSigner(front, pid);
      });
    },
  },
  {
    name: 'signer-frozen',
    what: 'SIGSTOP of the signer of a front for 5 s',
    engines: BOTH,
    async play({ fronts }) {
      const front = fronts.any();
      await fronts.impair([front], 'disturbed', () => freeze(front.service.signerPid(), FROZEN_MS));
    },
  },
  {
    name: 'front-frozen-longer',
    what: 'SIGSTOP of one of several fronts for 10 s',
    engines: ['postgres'],
    needsFronts: true,
    play: ({ fronts }) => freezeFront(fronts, fronts.any(), FROZEN_LONGER_MS),
  },
  {
    name: 'leader-killed',
    what: 'SIGKILL of the front that leads, which is started again',
    engines: ['postgres'],
    needsFronts: true,
    play: async ({ fronts }) => fronts.restart(await fronts.leader()),
  },
  {
    name: 'leader-frozen',
    what: 'SIGSTOP of the front that leads for 30 s',
    engines: ['postgres'],
    needsFronts: true,
    play: async ({ fronts }) => freezeFront(fronts, await fronts.leader(), LEADER_FROZEN_MS),
  },
  {
    name: 'fronts-renewed',
    what: 'each front ended by SIGTERM and started again, one after the other',
    engines: ['postgres'],
    needsFronts: true,
    async play({ fronts }) {
      for (const front of [...fronts.all]) await fronts.renew(front);
    },
  },
  {
    name: 'front-joins',
    what: 'another front begins, and ends by SIGTERM after 5 s',
    engines: ['postgres'],
    needsFronts: true,
    async play({ fronts }) {
      const front = await fronts.join();
      await pause(JOINED_MS);
      await fronts.leave(front);
    },
  },
  {
    name: 'pin-wrong',
    what: 'a wrong PIN in the files of all fronts but one, and all signers killed',
    engines: ['postgres'],
    needsFronts: true,
    play: (stage) => stage.fronts.impair(stage.fronts.all, 'disturbed', () => spoilPins(stage)),
  },
];

export const processFaults: readonly Fault[] = FAULTS.map((fault) => ({ ...fault, isAimed: true }));
