import { setTimeout as pause } from 'node:timers/promises';
import { RESTARTED_MS } from './check.ts';
import type { Fault } from './fault.ts';
import type { Operation } from './record.ts';
import { recoveryAt } from './recovery.ts';
import { failOver } from './server-faults.ts';

const NAME = 'promotion';
/** So many are held against what is left at once, and so often on one stage. */
const [AT_ONCE, TIMES] = [25, 4];
const MOST_PAUSE_MS = 500;

/** Rounds of faults that promote that many standbys in all, one after the other. */
export function promotions(count: number): { readonly rounds: number; readonly faults: readonly Fault[] } {
  const atOnce = Math.min(count, AT_ONCE);
  const series = Math.ceil(count / atOnce);
  const times = Math.min(series, TIMES);
  return {
    rounds: Math.ceil(series / times),
    faults: Array.from({ length: times }, (_, nth) => seriesOf(atOnce, `${NAME}s ${nth + 1}`)),
  };
}

function seriesOf(count: number, name: string): Fault {
  return {
    name,
    what: `SIGKILL of the primary, its standby is promoted, ${count} times`,
    engines: ['postgres'],
    async play({ cluster, history, fronts, random }, clients) {
      if (!cluster) throw new Error('a standby is promoted with PostgreSQL');
      for (let n = 0; n < count; n += 1) {
        const asked = performance.now();
        await failOver(cluster);
        const answered = performance.now();
        const told = { client: 'faults', outcome: 'ok', what: 'fault', name: NAME, loses: false } as const;
        history.add({ ...told, asked, answered, fronts: fronts.all.map((front) => front.name) });
        await clients.releasedAfter(answered, RESTARTED_MS);
        await pause(random() * MOST_PAUSE_MS);
      }
    },
  };
}

/** Milliseconds from each until the first token that any front was asked for since. */
export function firstTokensAfter(history: readonly Operation[]): readonly number[] {
  return history.flatMap((each, at) => {
    if (each.what !== 'fault' || each.name !== NAME) return [];
    const since = history.slice(at);
    const times = each.fronts.map((front) => recoveryAt(front, each, since));
    return [Math.min(...times.map((time) => time ?? Number.POSITIVE_INFINITY))];
  });
}
