// npm run logrotate-days: logrotate with the shipped configuration, sixty days on a fast clock, while operators are at
// work. Ends with 1 where an event of the trail is in no file of the sink, or where Keyward did not notice a day.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { verifyAudit } from '../src/audit-verify/index.ts';
import { fields, plainPage } from '../src/cli/table.ts';
import { type RunningService, startService } from '../test/support/running-service.ts';
import { loadTokens } from '../test/support/token-load.ts';
import { compareWithTrail } from './logrotate-days/joined-files.ts';
import { SizeWatch } from './logrotate-days/size-watch.ts';
import { canHold, logrotateOf, WAYS, type Way } from './logrotate-days/ways.ts';

const OPERATORS = 4;
const ACTS_A_DAY = 12;
/** The moment in which copytruncate loses lines is held open on each third day. */
const HELD_EACH = 3;
const NOTICED_WITHIN_MS = 60_000;
/** Events bear seconds: two of one second that say the same are one. */
const SHORTEST_DAY_MS = 1_100;

interface Changes {
  readonly rotated: number;
  readonly lost: number;
  readonly foreign: number;
  /** Events of the trail that were written again. */
  readonly refilled: number;
}

const { values } = parseArgs({
  options: { days: { type: 'string', default: '60' }, way: { type: 'string', multiple: true } },
});
const days = Number(values.days);
const ways = WAYS.filter((way) => values.way === undefined || values.way.includes(way));
if (!Number.isInteger(days) || days < 1 || ways.length === 0) {
  throw new Error(`--days takes a whole number, --way one of ${WAYS.join(', ')}`);
}
if (spawnSync('logrotate', ['--version']).error)
  throw new Error('logrotate is missing: apt-get install logrotate');
for (const way of ways) await tried(way);

async function tried(way: Way): Promise<void> {
  const config = { audit: { checkpoint_seconds: 1 } };
  const service = await startService({ config });
  try {
    await play(service, way);
  } finally {
    await service.remove();
  }
}

async function play(service: RunningService, way: Way): Promise<void> {
  const { folder } = service.hsm;
  const [sink, database] = [join(folder, 'audit.jsonl'), join(folder, 'keyward.db')];
  const { sign } = await service.provision({ id: 'payments' });
  const load = loadTokens(service, 'payments', sign);
  const operators = startOperators(service);
  const watch = new SizeWatch(sink);
  const logrotate = logrotateOf(way, sink, folder);
  const holds = way === 'copytruncate' && canHold();
  let [cut, unnoticed, slowestMs] = [0, 0, 0];
  for (let day = 1; day <= days; day += 1) {
    await Promise.all([operators.acts(ACTS_A_DAY), pause(SHORTEST_DAY_MS)]);
    const before = await changesOf(service);
    watch.take();
    await logrotate.day(holds && day % HELD_EACH === 0);
    const rotatedAt = performance.now();
    // Told as lost where the sink had confirmed them; a write that was cut off under way is made again.
    if (way === 'copytruncate' && watch.take() > statSync(`${sink}.1`).size) cut += 1;
    const isNoticed = await until(async () => {
      const now = await changesOf(service);
      return now.rotated + now.lost > before.rotated + before.lost;
    });
    slowestMs = Math.max(slowestMs, performance.now() - rotatedAt);
    if (!isNoticed) unnoticed += 1;
  }
  await operators.acts(ACTS_A_DAY);
  watch.stop();
  const acknowledged = await operators.stop();
  await load.stop();
  const changes = await changesOf(service);
  await service.stop();

  const { events, missing } = compareWithTrail(sink, database);
  const { configFile } = service;
  const whole = await verifyAudit({ configFile, saved: [] });
  const filesAlone = await verifyAudit({ configFile, file: sink, saved: [] });
  const findings = [...whole.findings, ...filesAlone.findings];
  const ok = missing.length === 0 && unnoticed === 0 && findings.length === 0 && events > acknowledged;
  const rows: [string, string][] = [
    ['days', `${days}, with ${load.tokens.length} tokens and ${acknowledged} confirmed acts meanwhile`],
    ['events of the trail', `${events}, of which no file has ${missing.length}`],
    ['noticed', `${changes.rotated} as rotated, ${changes.lost} as lost, ${changes.foreign} as foreign`],
    ['not noticed within a minute', String(unnoticed)],
    ['slowest to be noticed', `${Math.round(slowestMs)} ms`],
    ['days with lines in the gap', `${cut}${holds ? ', which was held open on each third day' : ''}`],
    ['events written again', String(changes.refilled)],
    [
      'audit verify',
      findings.length === 0
        ? 'no finding, with the database and of the files alone'
        : JSON.stringify(findings),
    ],
    ['verdict', ok ? 'nothing lost, nothing unnoticed' : 'NOT WELL'],
  ];
  console.log(`${way}\n${fields(rows, plainPage(false))}\n`);
  if (!ok) process.exitCode = 1;
}

/** Operators who make one client after another, and revoke it. */
function startOperators({ operations }: RunningService) {
  let [going, acknowledged, made] = [true, 0, 0];
  const operator = async () => {
    while (going) {
      const id = `client-${made++}`;
      const { status } = await operations('POST', '/v1/admin/clients', { id, description: 'a day' });
      if (status === 201) acknowledged += 1;
      // Refused while the sink is looked into: the operator tries again.
      else if (status !== 503 && status !== 429) throw new Error(`an operator was refused: ${status}`);
      else await pause(50);
    }
  };
  const all = Array.from({ length: OPERATORS }, operator);
  return {
    async acts(count: number) {
      const target = acknowledged + count;
      if (!(await until(async () => acknowledged >= target))) throw new Error('operators make no progress');
    },
    async stop(): Promise<number> {
      going = false;
      await Promise.all(all);
      return acknowledged;
    },
  };
}

async function changesOf({ operations }: RunningService): Promise<Changes> {
  const { body } = await operations('GET', '/v1/admin/events?type=audit.sink_changed&limit=1000');
  const all = (body.events as { evidence: { change: string; lost: number } }[]).map(
    ({ evidence }) => evidence,
  );
  const of = (kind: string) => all.filter(({ change }) => change === kind).length;
  return {
    rotated: of('rotated'),
    lost: of('lost'),
    foreign: of('foreign'),
    refilled: all.reduce((sum, { lost }) => sum + lost, 0),
  };
}

async function until(holds: () => Promise<boolean>): Promise<boolean> {
  const end = performance.now() + NOTICED_WITHIN_MS;
  while (!(await holds())) {
    if (performance.now() > end) return false;
    await pause(50);
  }
  return true;
}
