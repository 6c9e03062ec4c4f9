import type { RunningService } from '../running-service.ts';
import { copyGround, type Ground } from './ground.ts';
import type { Life } from './life.ts';
import type { Manipulation } from './manipulations.ts';
import { complaintOf, exercise, type ServiceVerdict, startWell, tamper } from './service-cell.ts';
import { ALL_TABLES } from './table-sets.ts';
import { undoable } from './undoable.ts';

/** For a service whose database `audit verify` would find out anyway. */
const PATIENCE_MS = 1_000;

/** A running service on which one manipulation after the other is tried; another one once it raised an alarm. */
export interface SharedService {
  try(of: Pick<Manipulation, 'kind' | 'apply'>): Promise<ServiceVerdict>;
  remove(): Promise<void>;
}

export function openSharedService(life: Life): SharedService {
  const moment = life.stopped;
  let current: { readonly ground: Ground; readonly service: RunningService } | undefined;

  async function start() {
    const ground = copyGround(moment.ground);
    current = { ground, service: await startWell(ground, life, moment) };
    return current;
  }

  async function end(): Promise<void> {
    const { service, ground } = current ?? {};
    current = undefined;
    await service?.kill();
    ground?.remove();
  }

  return {
    async try({ kind, apply }) {
      const { service, ground } = current ?? (await start());
      const undoing = undoable(ALL_TABLES, apply);
      tamper(ground, undoing.apply);
      const verdict = await exercise(service, moment, { life, patienceMs: PATIENCE_MS });
      const isSpent = verdict.running !== undefined || kind === 'trigger' || kind === 'view';
      if (!isSpent) tamper(ground, undoing.undo);
      if (isSpent || (await complaintOf(service, life, moment)) !== undefined) await end();
      return verdict;
    },
    remove: end,
  };
}
