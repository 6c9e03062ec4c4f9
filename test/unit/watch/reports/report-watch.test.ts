import { describe, expect, it, onTestFinished } from 'vitest';
import type { TokenExaminer } from '../../../../src/domain/reports/examiner.ts';
import type { TokenFindings } from '../../../../src/domain/reports/findings.ts';
import { createReportAlarm } from '../../../../src/watch/reports/report-alarm.ts';
import { createReportIntake } from '../../../../src/watch/reports/report-intake.ts';
import { createReportWatch } from '../../../../src/watch/reports/report-watch.ts';
import { unclosedReports } from '../../../../src/watch/reports/unclosed-reports.ts';
import { openTestStore } from '../../../support/open-test-store.ts';
import { auditEventsIn, query } from '../../../support/store-database.ts';
import { FOUND_NOTHING, TRACE } from '../../../support/token-findings.ts';

const NOON = 1_760_000_000;
const HOUR = 3_600;
const DAY = 24 * HOUR;
const ALICE = { operatorId: 'alice', requestId: null };
const ISSUED: TokenFindings = { ...FOUND_NOTHING, signature: 'right', record: TRACE };

interface Setting {
  readonly examine?: TokenExaminer['examine'];
  readonly eventsPerMinute?: number;
}

/** Reports on a real store, with a clock to be moved. */
async function opened({ examine = async () => FOUND_NOTHING, eventsPerMinute = 2 }: Setting = {}) {
  let now = NOON;
  const clock = { nowSeconds: () => now };
  const { store, file } = await openTestStore({ clock });
  const failures: unknown[] = [];
  const pauses: number[] = [];
  const parts = { store: store.reports, events: store.securityEvents, clock };
  const alarm = createReportAlarm({ ...parts, eventsPerMinute });
  const makeIntake = () =>
    createReportIntake({
      ...parts,
      alarm,
      examiner: { digestOf: () => Buffer.alloc(32, 7), examine },
      pause: async (ms) => void pauses.push(ms),
      onFailure: (error) => failures.push(error),
    });
  const intake = makeIntake();
  onTestFinished(() => intake.stop());
  const watching = { ...parts, intake, alarm, overdueSeconds: DAY, eraseAfterSeconds: 30 * DAY };
  const receive = (token: string | null = null, text: string | null = 'odd') =>
    intake.receive({ scopeId: 'payments', token, text, contact: 'ada@example.org', requestId: 'req-1' });
  return {
    store,
    file,
    failures,
    pauses,
    intake,
    receive,
    look: createReportWatch(watching),
    /** As a service that was started since. */
    lookAnew: createReportWatch({ ...watching, intake: makeIntake() }),
    pass: (seconds: number) => {
      now += seconds;
    },
    /** Settles once the report was looked into. */
    examined: (number: string) =>
      expect.poll(async () => (await store.reports.find(number)).steps.length, { timeout: 20_000 }).toBe(1),
    raised: async () =>
      (await store.securityEvents.list({}, { limit: 100 }))
        .toReversed()
        .map(({ type, severity, evidence }) => [type, severity, evidence?.report ?? evidence?.count]),
  };
}

describe('a report', () => {
  it('is told as a warning where it is in words or of a real token, one of any other token as information', async () => {
    const { receive, examined, raised } = await opened({
      examine: async ({ token }) => (token === 'real' ? ISSUED : FOUND_NOTHING),
    });
    const numbers = [await receive(), await receive('made up', null), await receive('real', null)];
    for (const number of numbers) await examined(number);
    expect(await raised()).toEqual([
      ['report.received', 'warning', numbers[0]],
      ['report.received', 'info', numbers[1]],
      ['report.received', 'warning', numbers[2]],
    ]);
  });

  it('past the budget of its minute is counted with others, and those of real tokens apart', async () => {
    const { receive, examined, raised, look, pass } = await opened({
      examine: async ({ token }) => (token === 'real' ? ISSUED : FOUND_NOTHING),
    });
    for (let n = 0; n < 5; n += 1) await examined(await receive());
    const real = await receive('real');
    await examined(real);
    await look();
    expect((await raised()).map(([type]) => type)).toEqual(Array(3).fill('report.received'));
    expect((await raised()).at(-1)).toEqual(['report.received', 'warning', real]);
    pass(60);
    await look();
    await look();
    expect((await raised()).slice(3)).toEqual([['report.flood', 'warning', 3]]);
    await examined(await receive());
    expect((await raised()).at(-1)?.[0]).toBe('report.received');
  });

  it('is looked into again, a few times, where something could not be asked', async () => {
    const answers = [{ ...FOUND_NOTHING, failure: 'ledger_unavailable' }, ISSUED];
    const { receive, examined, pauses, store } = await opened({
      examine: async () => answers.shift() ?? FOUND_NOTHING,
    });
    const number = await receive('real');
    await examined(number);
    expect(pauses).toEqual([1_000]);
    expect((await store.reports.find(number)).findings).toEqual(ISSUED);
  });

  it('keeps what could not be found out, in the end', async () => {
    const failed = { ...FOUND_NOTHING, failure: 'ledger_unavailable' };
    const { receive, examined, pauses, store } = await opened({ examine: async () => failed });
    const number = await receive('real');
    await examined(number);
    expect(pauses).toEqual([1_000, 5_000]);
    expect((await store.reports.find(number)).findings).toEqual(failed);
  });

  it('that was left over is told by the next look, once, without its token', async () => {
    const { receive, intake, look, lookAnew, pass, raised, store } = await opened({
      examine: async () => ISSUED,
    });
    await intake.stop();
    const number = await receive('real');
    pass(60);
    await look();
    expect(await raised()).toEqual([]);
    await lookAnew();
    await lookAnew();
    expect(await raised()).toEqual([['report.received', 'warning', number]]);
    const { steps, findings, digest } = await store.reports.find(number);
    expect([steps.map(({ kind }) => kind), findings, digest]).toEqual([
      ['examined'],
      null,
      Buffer.alloc(32, 7),
    ]);
  });

  it('is not lost where it could not be told: the failure is named, and a look makes it good', async () => {
    let broken = true;
    const { receive, failures, look, pass, raised } = await opened({
      examine: async () => {
        if (broken) throw new Error('broken');
        return FOUND_NOTHING;
      },
    });
    const number = await receive('real');
    await expect.poll(() => failures, { timeout: 20_000 }).toEqual([new Error('broken')]);
    broken = false;
    await look();
    expect(await raised()).toEqual([]);
    pass(60);
    await look();
    await look();
    expect(await raised()).toEqual([['report.received', 'warning', number]]);
  });
});

describe('a case that nobody takes up', () => {
  it('is told once when it is overdue, also by a service that was started since; one that is taken is not', async () => {
    const { receive, examined, store, look, lookAnew, pass, raised } = await opened({ eventsPerMinute: 9 });
    const numbers = [await receive(), await receive(), await receive()];
    for (const number of numbers) await examined(number);
    await store.reports.take(numbers[1] ?? '', ALICE);
    pass(DAY - 1);
    await look();
    expect(await raised()).toHaveLength(3);
    pass(1);
    for (const again of [look, look, lookAnew]) await again();
    expect((await raised()).slice(3)).toEqual([
      ['report.overdue', 'warning', numbers[0]],
      ['report.overdue', 'warning', numbers[2]],
    ]);
  });

  it('is told of 20 at a time where there are many', async () => {
    const { receive, examined, look, pass, raised } = await opened();
    let last = '';
    for (let n = 0; n < 21; n += 1) last = await receive();
    await examined(last);
    const overdue = async () => (await raised()).filter(([type]) => type === 'report.overdue').length;
    pass(DAY);
    await look();
    expect(await overdue()).toBe(20);
    await look();
    expect(await overdue()).toBe(21);
  });
});

describe('a closed case', () => {
  it('loses what was written when its time is over, with an audit event; an open one does not', async () => {
    const { receive, examined, store, file, look, pass } = await opened();
    const [closed, open] = [await receive(), await receive()];
    for (const number of [closed, open]) await examined(number);
    await store.reports.close(closed, 'harmless', 'a test', ALICE);
    const written = async (number: string) => (await store.reports.find(number)).suspicion;
    pass(30 * DAY - 1);
    await look();
    expect(await written(closed)).toEqual({ text: 'odd', contact: 'ada@example.org' });
    pass(1);
    await look();
    await look();
    expect([await written(closed), await written(open)]).toEqual([
      null,
      { text: 'odd', contact: 'ada@example.org' },
    ]);
    expect(auditEventsIn(file).filter(({ type }) => type === 'report.expired')).toMatchObject([
      { actor: 'keyward', subject: 'reports', details: { reports: 1 } },
    ]);
    expect(query(file, 'SELECT suspicion_salt FROM reports ORDER BY sequence')).toMatchObject([
      { suspicion_salt: null },
      { suspicion_salt: expect.anything() },
    ]);
  });
});

it('cases that are not closed are counted as they are, from the start on', async () => {
  const { receive, store } = await opened();
  const before = await receive();
  const counts = await unclosedReports(store.reports);
  expect(counts()).toEqual({ open: 1, investigating: 0 });
  await receive();
  await store.reports.take(before, ALICE);
  expect(counts()).toEqual({ open: 1, investigating: 1 });
  await store.reports.take(before, { ...ALICE, operatorId: 'bob' });
  await store.reports.close(before, 'unclear', 'a test', ALICE);
  expect(counts()).toEqual({ open: 1, investigating: 0 });
  expect((await unclosedReports(store.reports))()).toEqual(counts());
});
