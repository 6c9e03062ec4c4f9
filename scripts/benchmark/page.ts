import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  algorithmName,
  BAO,
  BATCH,
  FULL,
  LOOP_THREADS,
  loopName,
  openName,
  SATURATION,
  slowName,
} from './cells.ts';
import { INCIDENTS } from './incidents.ts';
import { cellName, type Kind } from './load-cells.ts';
import type { Ratio } from './ratios.ts';
import type { Samples } from './rounds.ts';
import { ALGORITHMS, type Memory, SESSIONS, SLOW_SIGNATURE_MS } from './stage.ts';

const FILE = fileURLToPath(new URL('../../docs/performance.md', import.meta.url));
const [BEGIN, END] = ['<!-- measured by npm run bench -->', '<!-- end of what was measured -->'];
const BAR = 40;

export interface Report {
  readonly machine: Readonly<Record<string, string>>;
  readonly samples: Samples;
  readonly ratios: readonly Ratio[];
  readonly idle: Memory;
  readonly busy: Memory;
}

/** Replaces what stands between the markers; throws where they are not there. */
export function between(page: string, text: string): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`the page has no ${BEGIN} before ${END}`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${text}\n\n${page.slice(end)}`;
}

export function writePage(report: Report): void {
  writeFileSync(FILE, between(readFileSync(FILE, 'utf8'), render(report)));
}

export function render({ machine, samples, ratios, idle, busy }: Report): string {
  return [
    table(['', ''], Object.entries(machine)),
    `Medians of ${FULL.rounds} rounds; the load generator ran on the same cores.`,
    '### Ratios',
    chart(ratios),
    table(
      ['', 'ratio', 'by CPU time', 'goal'],
      ratios.map(({ name, value, byCpu, goal }) => [name, ratio(value), ratio(byCpu), ratio(goal)]),
    ),
    '### Issuing, ES256',
    ofKind(samples, 'issue'),
    '### Verifying, 2,000 different tokens',
    ofKind(samples, 'verify'),
    '### Algorithms',
    algorithms(samples),
    '### Open loop',
    openLoop(samples),
    '### Slow HSM, rotation, compromise',
    troubles(samples),
    '### Memory',
    table(
      ['resident, MiB', 'front', 'signer'],
      [
        ['before the first request', whole(idle.front), whole(idle.signer)],
        ['after all rounds', whole(busy.front), whole(busy.signer)],
      ],
    ),
  ].join('\n\n');
}

function chart(ratios: readonly Ratio[]): string {
  const most = Math.max(1, ...ratios.map(({ value }) => value));
  const widest = Math.max(...ratios.map(({ name }) => name.length));
  const lines = ratios.map(({ name, value }) => {
    const bar = '█'.repeat(Math.max(1, Math.round((BAR * value) / most)));
    return `${name.padEnd(widest)}  ${bar} ${value.toFixed(2)}`;
  });
  return ['```', ...lines, '```'].join('\n');
}

function ofKind(samples: Samples, kind: Kind): string {
  const rows = FULL[kind].map((connections) => {
    const [ours, theirs] = ['Keyward', 'Express + jose'].map((party) => cellName(kind, connections, party));
    return { connections, ours: ours ?? '', theirs: theirs ?? '' };
  });
  const threads = [...new Set(rows.flatMap(({ ours }) => Object.keys(samples.byThread(ours))))].filter(
    (thread) => rows.some(({ ours }) => (samples.byThread(ours)[thread] ?? 0) >= 1),
  );
  return [
    table(
      [
        'connections',
        'a second',
        'p99, ms',
        'loop late by, p99, ms',
        'CPU, µs',
        'wake-ups',
        'peer: a second',
        'p99, ms',
        'CPU, µs',
      ],
      rows.map(({ connections, ours, theirs }) => [
        String(connections),
        whole(samples.median(ours)),
        tenth(samples.median(ours, 'p99Ms')),
        tenth(samples.median(ours, 'loopDelayMs')),
        whole(samples.median(ours, 'cpuUs')),
        tenth(samples.median(ours, 'wakeUps')),
        whole(samples.median(theirs)),
        tenth(samples.median(theirs, 'p99Ms')),
        whole(samples.median(theirs, 'cpuUs')),
      ]),
    ),
    'CPU time by thread, µs of one token:',
    table(
      ['connections', ...threads],
      rows.map(({ connections, ours }) => [
        String(connections),
        ...threads.map((thread) => whole(samples.byThread(ours)[thread] ?? 0)),
      ]),
    ),
  ].join('\n\n');
}

function algorithms(samples: Samples): string {
  const row = (name: string, cell: string, loops: readonly string[]) => [
    name,
    whole(samples.median(cell)),
    tenth(samples.median(cell, 'p99Ms')),
    whole(samples.median(cell, 'cpuUs')),
    ...loops.map((loop) => whole(samples.median(loop))),
  ];
  return table(
    ['', 'tokens a second', 'p99, ms', 'CPU, µs', 'C loop, 1 thread', `C loop, ${LOOP_THREADS} threads`],
    [
      ...ALGORITHMS.map((algorithm) =>
        row(algorithm, algorithm === 'ES256' ? SATURATION : algorithmName(algorithm), [
          loopName(algorithm, 1),
          loopName(algorithm, LOOP_THREADS),
        ]),
      ),
      row('ES256 in batches of 100, 4 connections', BATCH, ['', '']),
      ...(samples.of(BAO).length > 0 ? [row('OpenBao transit, ECDSA P-256', BAO, ['', ''])] : []),
    ],
  );
}

function openLoop(samples: Samples): string {
  return table(
    ['of saturation', 'server', 'a second', 'p50, ms', 'p99, ms', 'p99.9, ms', 'not served'],
    FULL.shares.flatMap((share) =>
      ['Keyward', 'Express + jose'].map((party) => {
        const cell = openName(share, party);
        return [
          `${Math.round(100 * share)} %`,
          party,
          whole(samples.median(cell)),
          tenth(samples.median(cell, 'p50Ms')),
          tenth(samples.median(cell, 'p99Ms')),
          tenth(samples.median(cell, 'p999Ms')),
          whole(samples.median(cell, 'failed')),
        ];
      }),
    ),
  );
}

function troubles(samples: Samples): string {
  const row = (name: string, cell: string) => [
    name,
    whole(samples.median(cell)),
    tenth(samples.median(cell, 'p99Ms')),
    whole(samples.median(cell, 'longestMs')),
    whole(samples.median(cell, 'failed')),
    whole(samples.median(cell, 'refusedAfterMs')),
  ];
  return [
    `The slow HSM takes ${SLOW_SIGNATURE_MS} ms for a signature, in ${SESSIONS} sessions.`,
    table(
      ['', 'tokens a second', 'p99, ms', 'longest, ms', 'failed', 'first refusal, ms'],
      [
        ...FULL.slow.map((count) => row(`slow HSM, ${count} at once`, slowName(count))),
        ...INCIDENTS.map((incident) => row(`${incident}, 64 at once`, incident)),
      ],
    ),
  ].join('\n\n');
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(header), `|${'---|'.repeat(header.length)}`, ...rows.map(line)].join('\n');
}

const whole = (value: number) => (Number.isNaN(value) ? '' : Math.round(value).toLocaleString('en'));
const tenth = (value: number) => (Number.isNaN(value) ? '' : value.toFixed(1));
const ratio = (value: number | undefined) => value?.toFixed(2) ?? '';
