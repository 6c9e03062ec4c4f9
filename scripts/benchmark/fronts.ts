// What a second front costs, and how soon each obeys what another was told. Prints ratios and milliseconds of one run.
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type EventReader, readEvents } from '../../test/support/event-reader.ts';
import { furtherFront } from '../../test/support/further-front.ts';
import { type RunningService, startService } from '../../test/support/running-service.ts';
import { median } from './median.ts';
import { type SyncedPostgres, startSyncedPostgres } from './synced-postgres.ts';
import { CLAIMS, runWrk } from './wrk.ts';

const HELP = `Usage: npm run bench:fronts -- [options]

Two fronts over SoftHSM and PostgreSQL with a synchronous standby, all on this machine; some four minutes.

  --rounds 5          of load: one front with all callers, then both with half of them each
  --seconds 3         of load each time
  --restrictions 50   revocations, until every verifier of both fronts knows of each
  --incidents 3       of the leader that is killed, and of a compromise while the standby is frozen
`;
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    restrictions: { type: 'string', default: '50' },
    incidents: { type: 'string', default: '3' },
    help: { type: 'boolean', default: false },
  },
});
const CALLERS = 64;
const VERIFIERS = 10;
const POLL_MS = 5;
const PATIENCE_MS = 60_000;
/** Until the next standby of the scope is there, and memory of the last incident is none of the next. */
const BETWEEN_MS = 2_000;

interface Stage {
  readonly postgres: SyncedPostgres;
  readonly credentials: { readonly sign: string; readonly verify: string };
  readonly fronts: [RunningService, RunningService];
}

if (values.help) process.stdout.write(HELP);
else await main();

async function main(): Promise<void> {
  const postgres = await startSyncedPostgres();
  const limits = { client_requests_per_second: 1_000_000 };
  const first = await startService({ config: { limits, ...(await postgres.configOf('keyward')) } });
  try {
    const credentials = await first.provision({ id: 'payments' });
    const stage: Stage = { postgres, credentials, fronts: [first, await furtherFront(first)] };
    const restrictions = await times(values.restrictions, (nth) => restrict(stage, nth));
    const ratios = await times(values.rounds, () => load(stage));
    const frozen = await times(values.incidents, () => compromiseFrozen(stage));
    const takeovers = await times(values.incidents, () => takeOver(stage));
    console.table({
      'two fronts to one, tokens a second': { median: round(median(ratios)), all: text(ratios) },
      'revoked, to the last verifier of both, ms': {
        median: round(median(restrictions)),
        p99: round(at(restrictions, 0.99)),
      },
      'compromise with the standby frozen, to the last refusal, ms': {
        median: round(median(frozen)),
        all: text(frozen),
      },
      'leader killed, to the next one, ms': { median: round(median(takeovers)), all: text(takeovers) },
    });
    for (const front of stage.fronts) await front.stop();
  } finally {
    await first.remove();
    await postgres.stop();
  }
}

async function times(count: string, measure: (nth: number) => Promise<number>): Promise<number[]> {
  const measured: number[] = [];
  for (let nth = 0; nth < Number(count); nth += 1) measured.push(await measure(nth));
  return measured;
}

async function load({ fronts, credentials }: Stage): Promise<number> {
  const issue = ({ dataUrl }: RunningService, connections: number) =>
    runWrk({
      ...{ url: `${dataUrl}/v1/scopes/payments/tokens`, credential: credentials.sign },
      ...{ seconds: Number(values.seconds), connections, bodies: [CLAIMS] },
    });
  const [one] = fronts;
  const alone = await issue(one, CALLERS);
  const both = await Promise.all(fronts.map((front) => issue(front, CALLERS / 2)));
  return both.reduce((sum, { perSecond }) => sum + perSecond, 0) / alone.perSecond;
}

/** From the call until each verifier was told, and the other front refuses the token. */
async function restrict({ fronts, credentials }: Stage, nth: number): Promise<number> {
  const [told, other] = fronts;
  const headers = { authorization: `Bearer ${credentials.verify}` };
  const readers = await Promise.all(
    fronts.flatMap(({ dataUrl }) =>
      Array.from({ length: VERIFIERS }, (_, n) =>
        readEvents(`${dataUrl}/v1/scopes/payments/events?instance=v${n}`, headers),
      ),
    ),
  );
  for (const reader of readers) await reader.next();
  const { token, jti } = await issued(told, credentials.sign);
  await refusal(other, credentials.verify, token);
  const began = performance.now();
  const all = readers.map((reader) => untilRevoked(reader));
  const revoked = told.act('POST', '/v1/admin/revocations', {
    scope: 'payments',
    jti,
    reason: `bench ${nth}`,
  });
  await Promise.all([...all, revoked, untilRefused(other, credentials.verify, token)]);
  const took = performance.now() - began;
  for (const reader of readers) reader.cancel();
  return took;
}

/** From the call until both fronts refuse the token; it is answered before. */
async function compromiseFrozen({ fronts, credentials, postgres }: Stage): Promise<number> {
  const [first, second] = fronts;
  const { token, kid } = await issued(first, credentials.sign);
  postgres.standby.freeze();
  // Records wait for the standby, with the turn in hand.
  const waiting = Array.from({ length: CALLERS }, () =>
    issued(first, credentials.sign).catch(() => undefined),
  );
  await pause(500);
  const began = performance.now();
  const answered = second.act('POST', `/v1/admin/keys/${kid}/compromise`, { reason: 'bench' });
  await Promise.all([answered, ...fronts.map((front) => untilRefused(front, credentials.verify, token))]);
  const took = performance.now() - began;
  postgres.standby.thaw();
  await Promise.all(waiting);
  // The first front signs again once it has followed, which it could not while the standby was frozen.
  await until(() =>
    issued(first, credentials.sign).then(
      () => true,
      () => false,
    ),
  );
  await until(async () => (await statesAt(first)).includes('pre_activation'));
  return took;
}

async function takeOver(stage: Stage): Promise<number> {
  const leads = await Promise.all(stage.fronts.map(isLeader));
  const at = leads[0] ? 0 : 1;
  const [leader, other] = at === 0 ? stage.fronts : [stage.fronts[1], stage.fronts[0]];
  const began = performance.now();
  await leader.kill();
  await until(() => isLeader(other));
  const took = performance.now() - began;
  stage.fronts[at] = await leader.restart();
  await pause(BETWEEN_MS);
  return took;
}

async function isLeader({ operationsUrl }: RunningService): Promise<boolean> {
  return /^keyward_leader 1$/m.test(await (await fetch(new URL('/metrics', operationsUrl))).text());
}

async function statesAt({ operations }: RunningService): Promise<string[]> {
  const { keys } = (await operations('GET', '/v1/admin/keys?scope=payments')).body;
  return keys.map(({ state }: { state: string }) => state);
}

async function issued({ data }: RunningService, credential: string) {
  const asked = { claims: { sub: 'alice' } };
  const { status, body } = await data('POST', '/v1/scopes/payments/tokens', credential, asked);
  if (status !== 201) throw new Error(`no token: ${status} ${body.code} ${body.detail}`);
  const [header, claims] = body.token.split('.').map((part: string) => Buffer.from(part, 'base64url'));
  return { token: body.token, jti: JSON.parse(claims).jti, kid: JSON.parse(header).kid };
}

async function refusal(
  { data }: RunningService,
  credential: string,
  token: string,
): Promise<string | undefined> {
  return (await data('POST', '/v1/scopes/payments/verify', credential, { token })).body.reason;
}

function untilRefused(front: RunningService, credential: string, token: string): Promise<void> {
  return until(async () => (await refusal(front, credential, token)) !== undefined);
}

async function untilRevoked(reader: EventReader): Promise<void> {
  for (let heard = await reader.next(); heard?.event !== 'revoked'; heard = await reader.next()) {
    if (!heard) throw new Error('a stream ended');
  }
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error('it does not come to pass');
    await pause(POLL_MS);
  }
}

function at(measured: readonly number[], part: number): number {
  return [...measured].sort((a, b) => a - b)[Math.ceil(part * measured.length) - 1] ?? Number.NaN;
}

function text(measured: readonly number[]): string {
  return measured.map(round).join(', ');
}

function round(value: number): number {
  return value < 10 ? Math.round(value * 100) / 100 : Math.round(value);
}
