import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  type KnownSecret,
  type LeakService,
  makeCredential,
  makePin,
} from '../../../src/kernel/credential.ts';
import { KeywardError } from '../../../src/kernel/errors.ts';
import { createReportAlarm } from '../../../src/reports/alarm.ts';
import type { TokenExaminer } from '../../../src/reports/examine.ts';
import type { TokenFindings } from '../../../src/reports/findings.ts';
import { createReportIntake } from '../../../src/reports/intake.ts';
import { createReportStore } from '../../../src/reports/store/reports.ts';
import { countUnclosed, createReportWatch } from '../../../src/reports/watch.ts';
import { switchedLeadership } from '../../support/leadership.ts';
import { openTestStore } from '../../support/open-test-store.ts';
import { auditEventsIn, query } from '../../support/store-database.ts';
import { FOUND_NOTHING, TRACE } from '../../support/token-findings.ts';

const NOON = 1_760_000_000;
const HOUR = 3_600;
const DAY = 24 * HOUR;
const ALICE = { operatorId: 'alice', requestId: null };
const ISSUED: TokenFindings = { ...FOUND_NOTHING, signature: 'right', record: TRACE };

interface Setting {
  readonly examine?: TokenExaminer['examine'];
  readonly eventsPerMinute?: number;
  readonly leaks?: Pick<LeakService, 'find' | 'withdraw'>;
}

const NOT_COUNTED = { inc: () => {} };

/** Reports on a real store, with a clock to be moved. */
const NO_LEAKS: NonNullable<Setting['leaks']> = {
  find: async (sought) => sought.map(() => undefined),
  withdraw: async () => {
    throw new Error('nothing is known');
  },
};

async function opened({
  examine = async () => FOUND_NOTHING,
  eventsPerMinute = 2,
  leaks = NO_LEAKS,
}: Setting = {}) {
  let now = NOON;
  let settled = true;
  const clock = { nowSeconds: () => now };
  const { store, reports, file } = await openTestStore({ clock });
  const failures: unknown[] = [];
  const pauses: number[] = [];
  const parts = { store: reports, events: store.securityEvents, clock };
  const alarm = createReportAlarm({ ...parts, eventsPerMinute, counter: NOT_COUNTED });
  const makeIntake = () =>
    createReportIntake({
      ...parts,
      alarm,
      leaks,
      examiner: { digestOf: (token) => Buffer.alloc(32, token === 'another' ? 8 : 7), examine },
      pause: async (ms) => void pauses.push(ms),
      onFailure: (error) => failures.push(error),
    });
  const intake = makeIntake();
  onTestFinished(() => intake.stop());
  const settledTime = { isSettled: () => settled };
  const { state: leading, leadership } = switchedLeadership(true);
  const watching = {
    ...parts,
    settledTime,
    leadership,
    intake,
    alarm,
    overdueSeconds: DAY,
    eraseAfterSeconds: 30 * DAY,
  };
  const receive = (token: string | null = null, text: string | null = 'odd') =>
    intake.receive({ scopeId: 'payments', token, text, contact: 'ada@example.org', requestId: 'req-1' });
  return {
    reports,
    store,
    file,
    failures,
    pauses,
    intake,
    alarm,
    receive,
    look: createReportWatch(watching),
    /** As a service that was started since. */
    lookAnew: createReportWatch({ ...watching, intake: makeIntake() }),
    leading,
    settle: (so = true) => {
      settled = so;
    },
    pass: (seconds: number) => {
      now += seconds;
    },
    /** Settles once the report was looked into. */
    examined: (number: string) =>
      expect.poll(async () => (await reports.find(number)).steps.length, { timeout: 20_000 }).toBe(1),
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

  it('of a real token is told once, however often it is shown, and another is told beside it', async () => {
    const { receive, examined, raised, look, pass, reports } = await opened({
      examine: async ({ token }) => (token === 'made up' ? FOUND_NOTHING : ISSUED),
    });
    const shown = async (token: string) => {
      const number = await receive(token, null);
      await examined(number);
      return number;
    };
    const first = await shown('real');
    for (let n = 0; n < 5; n += 1) await shown('real');
    const another = await shown('another');
    const madeUp = [await shown('made up'), await shown('made up')];
    pass(60);
    await look();
    expect(await raised()).toEqual([
      ['report.received', 'warning', first],
      ['report.received', 'warning', another],
      ['report.received', 'info', madeUp[0]],
      ['report.received', 'info', madeUp[1]],
    ]);
    expect(await reports.list({}, { limit: 99 })).toHaveLength(9);
  });

  it('of a real token is told once by a service that was started since, too', async () => {
    const { store, raised, receive, examined, reports } = await opened({ examine: async () => ISSUED });
    const first = await receive('real', null);
    await examined(first);
    const anew = createReportAlarm({
      events: store.securityEvents,
      clock: { nowSeconds: () => NOON },
      eventsPerMinute: 9,
      counter: NOT_COUNTED,
    });
    const { sequence, scopeId, receivedAt, digest } = await reports.find(first);
    const report = {
      sequence: sequence + 1,
      scopeId,
      receivedAt,
      digest,
      number: 'AAAA-AAAA',
      suspicion: null,
    };
    await anew.raise(report, ISSUED);
    expect(await raised()).toEqual([['report.received', 'warning', first]]);
    await anew.raise({ ...report, digest: Buffer.alloc(32, 8) }, ISSUED);
    expect(await raised()).toHaveLength(2);
    await anew.raise(report, { ...ISSUED, signature: 'wrong' });
    expect(await raised()).toHaveLength(3);
  });

  it('that is turned away past a limit of all is told by the next look, once an hour', async () => {
    const { alarm, look, pass, store } = await opened();
    await look();
    const told = async () =>
      (await store.securityEvents.list({}, { limit: 9 })).map(({ type, evidence }) => [type, evidence]);
    expect(await told()).toEqual([]);
    const hour = NOON - (NOON % HOUR);
    for (let n = 0; n < 3; n += 1) alarm.refused({ shared: true });
    await look();
    alarm.refused({ shared: true });
    await look();
    const first = ['report.flood', { since: hour, count: 3, refused: true }];
    expect(await told()).toEqual([first]);
    pass(HOUR);
    await look();
    alarm.refused({ shared: true });
    await look();
    expect(await told()).toEqual([['report.flood', { since: hour + HOUR, count: 1, refused: true }], first]);
  });

  it('is looked into again, a few times, where something could not be asked', async () => {
    const answers = [{ ...FOUND_NOTHING, failure: 'ledger_unavailable' }, ISSUED];
    const { receive, examined, pauses, reports } = await opened({
      examine: async () => answers.shift() ?? FOUND_NOTHING,
    });
    const number = await receive('real');
    await examined(number);
    expect(pauses).toEqual([1_000]);
    expect((await reports.find(number)).findings).toEqual(ISSUED);
  });

  it('keeps what could not be found out, in the end', async () => {
    const failed = { ...FOUND_NOTHING, failure: 'ledger_unavailable' };
    const { receive, examined, pauses, reports } = await opened({ examine: async () => failed });
    const number = await receive('real');
    await examined(number);
    expect(pauses).toEqual([1_000, 5_000]);
    expect((await reports.find(number)).findings).toEqual(failed);
  });

  it('that was left over is told by the next look, once, without its token', async () => {
    const { receive, intake, look, lookAnew, pass, raised, reports } = await opened({
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
    const { steps, findings, digest } = await reports.find(number);
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

describe('a credential that is reported', () => {
  const held = makeCredential('svc');
  const former = makeCredential('ops');
  const stranger = makeCredential('svc');
  const KNOWN: readonly KnownSecret[] = [
    { kind: 'client_credential', digest: held.digest, live: true, holderId: 'web', scopes: ['payments'] },
    { kind: 'operator_credential', digest: former.digest, live: false, holderId: 'ada', scopes: [] },
  ];
  const WEB = { holder: 'client:web', live: true };
  const NOBODY = { holder: null, live: false };
  const foreign = { examine: async () => ({ ...FOUND_NOTHING, readable: false }) };

  function leakService(failing: Error[] = []) {
    const asked: Parameters<LeakService['find']>[] = [];
    const withdrawn: Parameters<LeakService['withdraw']>[] = [];
    const leaks: NonNullable<Setting['leaks']> = {
      async find(...given) {
        asked.push(given);
        return given[0].map(({ digest }) => KNOWN.find((known) => known.digest.equals(digest)));
      },
      async withdraw(...given) {
        const failure = failing.shift();
        if (failure) throw failure;
        withdrawn.push(given);
      },
    };
    return { leaks, asked, withdrawn };
  }

  it('as a token is withdrawn, with whoever holds it, and told of as ours', async () => {
    const { leaks, asked, withdrawn } = leakService();
    const { receive, examined, reports, raised } = await opened({ ...foreign, leaks });
    const number = await receive(held.text, null);
    await examined(number);
    const place = `report ${number}`;
    expect(asked).toEqual([
      [
        [{ of: 'credential', digest: held.digest }],
        { reportedBy: null, remote: undefined, requestId: 'req-1', places: [place] },
      ],
    ]);
    expect(withdrawn).toEqual([
      [
        KNOWN[0],
        { place, source: 'report', reportedBy: `report:${number}` },
        { operatorId: 'keyward', requestId: 'req-1' },
      ],
    ]);
    expect((await reports.find(number)).findings).toEqual({
      ...FOUND_NOTHING,
      readable: false,
      credentials: [WEB],
    });
    expect(await raised()).toEqual([['report.received', 'warning', number]]);
  });

  it('within words is withdrawn once, masked wherever it stands, and kept nowhere', async () => {
    const { leaks, withdrawn } = leakService();
    const { intake, examined, reports, file } = await opened({ leaks });
    const number = await intake.receive({
      scopeId: 'payments',
      token: null,
      text: `at x: ${held.text}, ${stranger.text} and ${held.text}; also ${former.text}.`,
      contact: `ada ${held.text}`,
      requestId: 'req-1',
    });
    await examined(number);
    expect(withdrawn.map(([known]) => known)).toEqual(KNOWN);
    const { suspicion, findings, digest } = await reports.find(number);
    expect(suspicion).toEqual({
      text: 'at x: kw_svc_[masked], kw_svc_[masked] and kw_svc_[masked]; also kw_ops_[masked].',
      contact: 'ada kw_svc_[masked]',
    });
    expect([digest, findings]).toEqual([
      null,
      {
        ...FOUND_NOTHING,
        readable: false,
        credentials: [WEB, { holder: 'operator:ada', live: false }, NOBODY],
      },
    ]);
    const kept = JSON.stringify(
      ['reports', 'case_log', 'audit_events', 'security_events'].map((table) =>
        query(file, `SELECT * FROM ${table}`),
      ),
    );
    for (const { text } of [held, former, stranger]) expect(kept).not.toContain(text.slice(7, 20));
  });

  it('that nobody here has changes nothing, and is a warning; a malformed one is no more than information', async () => {
    const { leaks, asked, withdrawn } = leakService();
    const { receive, examined, reports, raised } = await opened({ ...foreign, leaks });
    const numbers = [await receive(stranger.text, null), await receive(`${held.text.slice(0, -1)}_`, null)];
    for (const number of numbers) await examined(number);
    expect(asked.map(([sought]) => sought.length)).toEqual([1, 0]);
    expect(withdrawn).toEqual([]);
    const found = await Promise.all(numbers.map(async (each) => (await reports.find(each)).findings));
    expect(found.map((each) => each?.credentials)).toEqual([[NOBODY], []]);
    expect(await raised()).toEqual([
      ['report.received', 'warning', numbers[0]],
      ['report.received', 'info', numbers[1]],
    ]);
  });

  it('is no PIN: one that Keyward made is counted and masked, nobody is asked, and it is a warning', async () => {
    const { leaks, asked, withdrawn } = leakService();
    const { receive, intake, examined, reports, raised } = await opened({ ...foreign, leaks });
    const [pin, other] = [makePin(), makePin()];
    const shown = await intake.receive({
      scopeId: 'payments',
      token: pin,
      text: `${pin}, ${other} and ${pin}`,
      contact: null,
      requestId: 'req-1',
    });
    const lookalike = await receive(`kw_pin_${'0'.repeat(36)}`, null);
    for (const number of [shown, lookalike]) await examined(number);
    expect([asked.map(([sought]) => sought.length), withdrawn]).toEqual([[0, 0], []]);
    const found = await Promise.all([shown, lookalike].map((each) => reports.find(each)));
    expect(found.map(({ findings }) => [findings?.pins, findings?.credentials])).toEqual([
      [2, []],
      [0, []],
    ]);
    expect(found[0]?.suspicion?.text).toBe('kw_pin_[masked], kw_pin_[masked] and kw_pin_[masked]');
    expect(await raised()).toEqual([
      ['report.received', 'warning', shown],
      ['report.received', 'info', lookalike],
    ]);
  });

  it('is withdrawn with the next try where it could not be', async () => {
    const { leaks, withdrawn } = leakService([new KeywardError('store_unavailable', 'later')]);
    const { receive, examined, reports, pauses } = await opened({ ...foreign, leaks });
    const number = await receive(held.text);
    await examined(number);
    expect([pauses, withdrawn.length]).toEqual([[1_000], 1]);
    expect((await reports.find(number)).findings).toMatchObject({ credentials: [WEB], failure: null });
  });

  it('is said not to have been withdrawn where it cannot be', async () => {
    const { leaks, withdrawn } = leakService(Array(3).fill(new KeywardError('store_unavailable', 'later')));
    const { receive, examined, reports } = await opened({ ...foreign, leaks });
    const number = await receive(held.text);
    await examined(number);
    expect(withdrawn).toEqual([]);
    const failure = 'store_unavailable';
    expect((await reports.find(number)).findings).toMatchObject({ credentials: [WEB], failure });
  });

  it('is known by its digest where it was left over', async () => {
    const { withdrawn } = leakService();
    const known: KnownSecret = { ...(KNOWN[0] as KnownSecret), digest: Buffer.alloc(32, 7) };
    const { intake, receive, pass, lookAnew, reports } = await opened({
      leaks: { find: async () => [known], withdraw: async (...given) => void withdrawn.push(given) },
    });
    await intake.stop();
    const number = await receive('what has the digest of a credential');
    pass(60);
    await lookAnew();
    expect(withdrawn.map(([each]) => each)).toEqual([known]);
    expect((await reports.find(number)).findings?.credentials).toEqual([WEB]);
  });
});

describe('a case that nobody takes up', () => {
  it('is told once when it is overdue, also by a service that was started since; one that is taken is not', async () => {
    const { receive, examined, reports, look, lookAnew, pass, raised } = await opened({ eventsPerMinute: 9 });
    const numbers = [await receive(), await receive(), await receive()];
    for (const number of numbers) await examined(number);
    await reports.take(numbers[1] ?? '', ALICE);
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

  it('is told of ten times a day where there are many, and once more with how many there are', async () => {
    const { receive, examined, look, lookAnew, pass, store, reports } = await opened();
    let last = '';
    for (let n = 0; n < 30; n += 1) last = await receive();
    await examined(last);
    const overdue = async () =>
      (await store.securityEvents.list({}, { limit: 100 }))
        .filter(({ type }) => type === 'report.overdue')
        .map(({ evidence }) => evidence?.untaken)
        .toReversed();
    pass(DAY);
    const day = [...Array(10).fill(null), 30];
    for (let n = 0; n < 3; n += 1) await look();
    expect(await overdue()).toEqual(day);
    const later = await receive();
    pass(DAY);
    await look();
    await look();
    expect(await overdue()).toEqual([...day, null]);
    await reports.take(later, ALICE);
    for (let n = 0; n < 3; n += 1) await lookAnew();
    expect(await overdue()).toEqual([...day, null, ...Array(10).fill(null), 30]);
  });
});

describe('a closed case', () => {
  it('loses what was written when its time is over, with an audit event; an open one does not', async () => {
    const { receive, examined, reports, file, look, pass, settle } = await opened();
    const [closed, open] = [await receive(), await receive()];
    for (const number of [closed, open]) await examined(number);
    await reports.close(closed, 'harmless', 'a test', ALICE);
    const written = async (number: string) => (await reports.find(number)).suspicion;
    pass(30 * DAY - 1);
    await look();
    expect(await written(closed)).toEqual({ text: 'odd', contact: 'ada@example.org' });
    pass(1);
    settle(false);
    await look();
    expect(await written(closed)).not.toBeNull();
    settle();
    await look();
    await look();
    expect([await written(closed), await written(open)]).toEqual([
      null,
      { text: 'odd', contact: 'ada@example.org' },
    ]);
    expect(auditEventsIn(file).filter(({ type }) => type === 'report.expired')).toMatchObject([
      { actor: 'keyward', subject: `report:${closed}`, details: { reports: 1 } },
    ]);
    expect((await reports.find(closed)).erasure).toEqual({ by: 'keyward', at: NOON + 30 * DAY });
    expect((await reports.find(open)).erasure).toBeNull();
    expect(query(file, 'SELECT suspicion_salt FROM reports ORDER BY sequence')).toMatchObject([
      { suspicion_salt: null },
      { suspicion_salt: expect.anything() },
    ]);
  });
});

it('what nobody does anything about is for the process that leads; floods are told by each', async () => {
  const { receive, examined, reports, look, pass, raised, leading, alarm } = await opened();
  const [open, closed] = [await receive(), await receive()];
  for (const number of [open, closed]) await examined(number);
  await reports.close(closed, 'harmless', 'a test', ALICE);
  const written = async () => (await reports.find(closed)).suspicion !== null;
  const told = async () => (await raised()).slice(2).map(([type]) => type);
  leading.isLeading = false;
  pass(30 * DAY);
  alarm.refused({ shared: true });
  await look();
  expect([await told(), await written()]).toEqual([['report.flood'], true]);
  leading.isLeading = true;
  await look();
  await look();
  expect([await told(), await written()]).toEqual([['report.flood', 'report.overdue'], false]);
});

it('cases that are not closed are counted as they are, from the start on', async () => {
  const { receive, reports } = await opened();
  const before = await receive();
  const { counts } = await countUnclosed(reports);
  expect(counts()).toEqual({ open: 1, investigating: 0 });
  await receive();
  await reports.take(before, ALICE);
  expect(counts()).toEqual({ open: 1, investigating: 1 });
  await reports.take(before, { ...ALICE, operatorId: 'bob' });
  await reports.close(before, 'unclear', 'a test', ALICE);
  expect(counts()).toEqual({ open: 1, investigating: 0 });
  expect((await countUnclosed(reports)).counts()).toEqual(counts());
});

it('cases of other fronts are counted again once there are changes, and not before', async () => {
  const { receive, examined, reports, store } = await opened();
  const elsewhere = createReportStore(store.reader, store.writer, { nowSeconds: () => NOON });
  const counted = vi.spyOn(elsewhere, 'countUnclosed');
  const { counts, recount } = await countUnclosed(elsewhere);
  const [first, second] = [await receive(), await receive()];
  for (const number of [first, second]) await examined(number);
  await reports.take(first, ALICE);
  expect(counts()).toEqual({ open: 0, investigating: 0 });
  await recount();
  expect(counts()).toEqual({ open: 1, investigating: 1 });
  await recount();
  expect(counted).toHaveBeenCalledTimes(2);
  await reports.close(second, 'harmless', 'a test', ALICE);
  await recount();
  expect(counts()).toEqual({ open: 0, investigating: 1 });
});
