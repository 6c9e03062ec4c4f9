import { setTimeout as pause } from 'node:timers/promises';
import type { Fault } from './fault.ts';
import type { Stage } from './stage.ts';

const BOTH = ['sqlite', 'postgres'] as const;
const FROZEN_MS = 5_000;

async function freeze(pid: number | undefined): Promise<void> {
  if (pid === undefined || !send(pid, 'SIGSTOP')) return;
  await pause(FROZEN_MS);
  send(pid, 'SIGCONT');
}

/** One that hangs is replaced, and may be gone. */
function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

async function untilNewSigner({ service }: Stage, former: number): Promise<void> {
  await service.logged(({ msg, pid }) => msg === 'signer ready' && pid !== former);
}

export const processFaults: readonly Fault[] = [
  {
    name: 'front-killed',
    what: 'SIGKILL of the front, which is started again',
    engines: BOTH,
    play: (stage) => stage.restart(),
  },
  {
    name: 'front-frozen',
    what: 'SIGSTOP of the front for 5 s',
    engines: BOTH,
    play: ({ service }) => freeze(service.process.pid),
  },
  {
    name: 'signer-killed',
    what: 'SIGKILL of the signer',
    engines: BOTH,
    async play(stage) {
      const pid = stage.service.signerPid();
      if (send(pid, 'SIGKILL')) await untilNewSigner(stage, pid);
    },
  },
  {
    name: 'signer-frozen',
    what: 'SIGSTOP of the signer for 5 s',
    engines: BOTH,
    play: ({ service }) => freeze(service.signerPid()),
  },
];
