import type { Party } from './parties.ts';
import type { Cell, Sample } from './rounds.ts';
import { total, watchThreads } from './threads.ts';
import { demandValid, issueTokens } from './tokens.ts';
import { CLAIMS, type Load, runWrk } from './wrk.ts';

export type Kind = 'issue' | 'verify';

export interface Effort {
  readonly seconds: number;
  /** How many different ones are verified. */
  readonly tokens: number;
}

export const cellName = (kind: Kind, connections: number, party: string) => `${kind} ${connections} ${party}`;

/** Each party with one number of connections before the next number, so that what is compared is seconds apart. */
export function loadCells(
  kind: Kind,
  connections: readonly number[],
  parties: readonly Party[],
  effort: Effort,
): readonly Cell[] {
  const loads = parties.map((party) => ({ party, bodies: bodiesOf(kind, party, effort.tokens) }));
  return connections.flatMap((count) =>
    loads.map(({ party, bodies }) => ({
      name: cellName(kind, count, party.name),
      measure: async (round: number) =>
        measureLoad(party, {
          ...party[kind],
          seconds: effort.seconds,
          connections: count,
          bodies: await bodies(round),
        }),
    })),
  );
}

/** `tokensEach`: that many a request. */
export async function measureLoad(
  { processes, loopDelayMs }: Pick<Party, 'processes' | 'loopDelayMs'>,
  load: Load,
  tokensEach = 1,
): Promise<Sample> {
  await loopDelayMs?.();
  const spent = watchThreads(processes());
  const { requests, perSecond, ...waits } = await runWrk(load);
  const tokens = requests * tokensEach;
  const costs = spent();
  const late = await loopDelayMs?.();
  return {
    ...waits,
    perSecond: perSecond * tokensEach,
    cpuUs: total(costs, 'cpuUs') / tokens,
    wakeUps: total(costs, 'wakeUps') / tokens,
    ...(late === undefined ? {} : { loopDelayMs: late }),
    byThread: Object.fromEntries(Object.entries(costs).map(([name, { cpuUs }]) => [name, cpuUs / tokens])),
  };
}

/** Until it is compiled and its caches are full. */
export async function warmUp(party: Party, tokens: number): Promise<void> {
  await runWrk({ ...party.issue, seconds: 2, connections: 64, bodies: [CLAIMS] });
  const bodies = await bodiesOf('verify', party, tokens)(0);
  await runWrk({ ...party.verify, seconds: 1, connections: 64, bodies });
}

/** Tokens live for minutes, so each round has new ones. */
function bodiesOf(kind: Kind, party: Party, count: number): (round: number) => Promise<readonly string[]> {
  if (kind === 'issue') return async () => [CLAIMS];
  let ofRound: { readonly round: number; readonly bodies: Promise<readonly string[]> } | undefined;
  return (round) => {
    if (ofRound?.round !== round) ofRound = { round, bodies: verifications(party, count) };
    return ofRound.bodies;
  };
}

async function verifications(party: Party, count: number): Promise<readonly string[]> {
  const tokens = await issueTokens(party.issuer ?? party, count);
  await demandValid(party, tokens[0] ?? '');
  return tokens.map((token) => JSON.stringify({ token }));
}
