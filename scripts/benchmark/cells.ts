import { askOpenly } from './ask-openly.ts';
import { runLoop } from './c-loop.ts';
import { INCIDENTS, measureIncident } from './incidents.ts';
import { cellName, loadCells, measureLoad } from './load-cells.ts';
import type { Cell, Samples } from './rounds.ts';
import { ALGORITHMS, type Stage, TOKENS } from './stage.ts';
import { CLAIMS } from './wrk.ts';

/** How much is measured. */
export interface Extent {
  readonly rounds: number;
  readonly seconds: number;
  readonly issue: readonly number[];
  readonly verify: readonly number[];
  /** Of what a closed loop of 64 connections gets. */
  readonly shares: readonly number[];
  /** Connections to the service over the slow HSM. */
  readonly slow: readonly number[];
  readonly incidents: typeof INCIDENTS | readonly [];
}

export const FULL: Extent = {
  rounds: 5,
  seconds: 2,
  issue: [1, 4, 16, 64],
  verify: [1, 4, 16, 64],
  shares: [0.25, 0.5, 0.75, 0.85],
  slow: [1, 16, 64],
  incidents: INCIDENTS,
};
export const SHORT: Extent = {
  rounds: 3,
  seconds: 1,
  issue: [1, 16, 64],
  verify: [1, 64],
  shares: [],
  slow: [],
  incidents: [],
};

export const SATURATION = cellName('issue', 64, 'Keyward');
export const BATCH = 'batches';
export const loopName = (algorithm: string, threads: number) => `C loop ${algorithm} ${threads}`;
export const openName = (share: number, party: string) => `open loop ${share} ${party}`;
export const slowName = (connections: number) => cellName('issue', connections, 'slow');
export const algorithmName = (algorithm: string) => cellName('issue', 64, algorithm);
export const BAO = 'OpenBao';

const BATCH_SIZE = 100;
const LOOP_SECONDS = 1;
const OPEN_SECONDS = 3;
const INCIDENT_SECONDS = 3;
/** As the service does, which signs on several sessions at once. */
export const LOOP_THREADS = 2;

export async function cellsOf(stage: Stage, extent: Extent, samples: Samples): Promise<readonly Cell[]> {
  const parties = [stage.keyward.ES256, stage.peer];
  const effort = { seconds: extent.seconds, tokens: TOKENS };
  return [
    ...loadCells('issue', extent.issue, parties, effort),
    ...baoCells(stage, extent),
    batchCell(stage, extent),
    ...algorithmCells(stage, extent),
    ...(await loopCells(stage)),
    ...loadCells('verify', extent.verify, parties, effort),
    ...extent.shares.flatMap((share) =>
      parties.map((party) => ({
        name: openName(share, party.name),
        measure: () => askOpenly(party, share * samples.median(SATURATION), OPEN_SECONDS),
      })),
    ),
    ...(stage.slow ? loadCells('issue', extent.slow, [stage.slow], effort) : []),
    ...extent.incidents.map((incident) => ({
      name: incident,
      measure: (round: number) => measureIncident(stage.service, incident, round, INCIDENT_SECONDS),
    })),
  ];
}

function baoCells({ bao }: Stage, { seconds }: Extent): readonly Cell[] {
  if (!bao) return [];
  const load = { ...bao.sign, seconds, connections: 64, bodies: [bao.body] };
  return [{ name: BAO, measure: () => measureLoad(bao, load) }];
}

function batchCell({ keyward }: Stage, { seconds }: Extent): Cell {
  const { issue } = keyward.ES256;
  const claims = JSON.parse(CLAIMS);
  const body = JSON.stringify({ requests: Array.from({ length: BATCH_SIZE }, () => claims) });
  const load = {
    url: `${issue.url}/batch`,
    credential: issue.credential,
    seconds,
    connections: 4,
    bodies: [body],
  };
  return { name: BATCH, measure: () => measureLoad(keyward.ES256, load, BATCH_SIZE) };
}

function algorithmCells({ keyward }: Stage, { seconds }: Extent): readonly Cell[] {
  return ALGORITHMS.filter((algorithm) => algorithm !== 'ES256').map((algorithm) => {
    const { issue } = keyward[algorithm];
    const load = { ...issue, seconds, connections: 64, bodies: [CLAIMS] };
    return { name: algorithmName(algorithm), measure: () => measureLoad(keyward[algorithm], load) };
  });
}

async function loopCells({ service, loop }: Stage): Promise<readonly Cell[]> {
  const cells: Cell[] = [];
  for (const algorithm of ALGORITHMS) {
    const { body } = await service.operations('GET', `/v1/admin/keys?scope=${algorithm.toLowerCase()}`);
    const hsmId = body.keys.find(({ state }: { state: string }) => state === 'active').hsm_id;
    for (const threads of algorithm === 'ES256' ? [1, LOOP_THREADS] : [LOOP_THREADS]) {
      const load = { hsmId, algorithm, threads, seconds: LOOP_SECONDS };
      const measure = async () => ({ perSecond: await runLoop(loop, service.hsm, load) });
      cells.push({ name: loopName(algorithm, threads), measure });
    }
  }
  return cells;
}
