import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Party } from './parties.ts';
import type { Cell, Sample } from './rounds.ts';
import { total, watchThreads } from './threads.ts';

/** As `open-loop.ts` prints it. */
export interface Answered {
  readonly unsent: number;
  /** Sent, and not answered. */
  readonly lost: number;
  /** By status and code, in milliseconds from when each was due. */
  readonly answers: Readonly<
    Record<
      string,
      {
        readonly aSecond: number;
        readonly p50: number;
        readonly p99: number;
        readonly p999: number;
        readonly most: number;
      }
    >
  >;
}

const OPEN_LOOP = fileURLToPath(new URL('./open-loop.ts', import.meta.url));
const CONNECTIONS = 500;
const WARM_UP_SECONDS = 1;

/** That many tokens a second, whatever the answers do. */
export async function askOpenly(
  { issue, processes }: Pick<Party, 'issue' | 'processes'>,
  rate: number,
  seconds: number,
): Promise<Sample> {
  const numbers = [Math.round(rate), seconds, CONNECTIONS, WARM_UP_SECONDS].map(String);
  const argv = [OPEN_LOOP, issue.url, issue.credential, ...numbers];
  const spent = watchThreads(processes());
  const { stdout } = await promisify(execFile)(process.execPath, argv);
  const costs = spent();
  const { answers, unsent, lost } = JSON.parse(stdout) as Answered;
  const { 201: issued, ...others } = answers;
  const refused = Object.values(others).reduce((sum, { aSecond }) => sum + aSecond * seconds, 0);
  const perSecond = issued?.aSecond ?? 0;
  const tokens = perSecond * (seconds + WARM_UP_SECONDS);
  return {
    perSecond,
    cpuUs: total(costs, 'cpuUs') / tokens,
    wakeUps: total(costs, 'wakeUps') / tokens,
    byThread: Object.fromEntries(Object.entries(costs).map(([name, { cpuUs }]) => [name, cpuUs / tokens])),
    p50Ms: issued?.p50 ?? Number.NaN,
    p99Ms: issued?.p99 ?? Number.NaN,
    p999Ms: issued?.p999 ?? Number.NaN,
    longestMs: issued?.most ?? Number.NaN,
    failed: refused + unsent + lost,
  };
}

export const OPEN = 'open loop';
export const openCellName = (rate: number, party: string) => `${OPEN} ${rate} ${party}`;

/** Each party at one rate before the next rate. */
export function openCells(rates: readonly number[], parties: readonly Party[], seconds: number): Cell[] {
  return rates.flatMap((rate) =>
    parties.map((party) => ({
      name: openCellName(rate, party.name),
      measure: () => askOpenly(party, rate, seconds),
    })),
  );
}
