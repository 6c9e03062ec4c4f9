import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import type { UnstoredEvent } from '../../../src/events/index.ts';
import type { SecurityEventReport } from '../../../src/kernel/security-events.ts';
import { createMetrics } from '../../../src/metrics/metrics.ts';
import type { NotificationMessage } from '../../../src/notifications/message.ts';
import { notificationSection, notificationSettings } from '../../../src/notifications/settings.ts';
import { TryLater } from '../../../src/notifications/target.ts';
import { cefOf } from '../../../src/notifications/targets/syslog.ts';
import { openUnstoredTeller } from '../../../src/notifications/tell-unstored.ts';
import { UnstoredOutbox } from '../../../src/notifications/unstored-outbox.ts';
import { certificatesOfFile } from '../../support/certificates-of-file.ts';
import { heldTime } from '../../support/held-time.ts';
import { hook, jump, PATIENCE } from '../../support/hooked-target.ts';
import { switchedLeadership } from '../../support/leadership.ts';
import { receiveMail } from '../../support/mail-server.ts';
import { notifying } from '../../support/notifying.ts';
import { recordedLog } from '../../support/recorded-log.ts';

const START = 1_760_000_000;
const GIVEN_UP = 'message of an unrecorded security event given up: it is kept nowhere';
const DROPPED = 'an unrecorded security event is not sent: too many';
const certificates = certificatesOfFile();

const unstored = (
  { type, severity, subject, evidence }: SecurityEventReport,
  isRetried = true,
): UnstoredEvent => ({ type, severity, subject, evidence, isRetried });
const failing: UnstoredEvent = {
  type: 'database.failing',
  severity: 'critical',
  subject: 'database',
  evidence: { why: 'io_error' },
  isRetried: false,
};
const ofPayments: UnstoredEvent = { ...failing, evidence: { key_scope: 'payments' } };

interface Sent {
  readonly target: string;
  readonly message: NotificationMessage;
  readonly to: readonly string[] | undefined;
}

/** Targets that do as `answer` says, over time that passes when the test says so. */
function telling(section: object, answer: (sent: Sent) => unknown = () => undefined) {
  const settings = notificationSettings(notificationSection.parse(section), (path) => path);
  const time = heldTime(START);
  const { log, lines } = recordedLog();
  const metrics = createMetrics();
  const stopping = new AbortController();
  const sent: Sent[] = [];
  const given = { clock: time.clock, metrics, log };
  const memory = new UnstoredOutbox(given);
  const teller = openUnstoredTeller({
    ...given,
    settings,
    targets: Object.entries(settings.targets).map(([name, { type }]) => ({
      name,
      type,
      async send(message, to) {
        const each = { target: name, message, to };
        sent.push(each);
        await answer(each);
        return undefined;
      },
      close() {},
    })),
    memory,
    scopesToTell: ({ evidence }) => (evidence?.key_scope ? [String(evidence.key_scope)] : []),
    contactsOf: (scopeId) => [`${scopeId}@example.com`],
    random: () => 1,
    stopping: stopping.signal,
  });
  return {
    sent,
    time,
    memory,
    said: (msg: string) => lines.filter((line) => line.msg === msg),
    counted: async (outcome: string) => {
      const { values } = await metrics.notifications.get();
      return values
        .filter(({ labels }) => labels.outcome === outcome)
        .reduce((sum, { value }) => sum + value, 0);
    },
    async tell(...events: readonly UnstoredEvent[]) {
      for (const event of events) teller.tell(event);
      await turn();
    },
    async look(seconds = 0) {
      time.pass(seconds);
      teller.send();
      await turn();
    },
  };
}

const file = { type: 'file', file: '/dev/null' };
const mail = { type: 'email', host: 'localhost', from: 'a@example.com', to: ['b@example.com'] };
const fails = () => {
  throw new Error('answered 503');
};

describe('a critical event that the store does not take', () => {
  it('goes by the routes of its severity and type, at once, and by no other', async () => {
    const { tell, sent } = telling({
      targets: { pager: file, second: file, siem: file, warnings: file, keys: file },
      routes: [
        { name: 'all', min_severity: 'info', targets: ['siem'] },
        { name: 'first', severities: ['critical'], targets: ['pager'], acknowledge_within_seconds: 300 },
        { name: 'later', severities: ['critical'], targets: ['second'], acknowledge_within_seconds: 300 },
        { name: 'warnings', severities: ['warning'], targets: ['warnings'] },
        { name: 'keys', types: ['key.*'], targets: ['keys'] },
      ],
    });
    await tell(failing);
    expect(sent.map(({ target, message }) => [target, message.kind])).toEqual([
      ['pager', 'unstored'],
      ['siem', 'unstored'],
    ]);
  });

  it('reaches the contacts of its scope without evidence, and other recipients as they asked', async () => {
    const { tell, sent } = telling({ targets: { team: { ...mail, evidence: true } } });
    await tell(ofPayments, failing);
    expect(sent.map(({ to, message }) => [to, (message.data as { event: object }).event])).toMatchObject([
      [undefined, { evidence: { key_scope: 'payments' } }],
      [['payments@example.com'], { type: 'database.failing' }],
      [undefined, { evidence: { why: 'io_error' } }],
    ]);
    expect(JSON.stringify(sent[1]?.message)).not.toContain('evidence');
  });

  it('is tried again later and later under one id, and its neighbour is not held up', async () => {
    let failures = 2;
    const { tell, look, sent, said, counted } = telling(
      { targets: { good: file, bad: file } },
      ({ target }) => {
        if (target === 'bad' && failures-- > 0) fails();
      },
    );
    const ofBad = () => sent.filter(({ target }) => target === 'bad');
    await tell(failing);
    await look(4);
    expect([ofBad().length, sent.length]).toEqual([1, 2]);
    await look(1);
    await look(19);
    expect(ofBad()).toHaveLength(2);
    await look(1);
    await look(3_600);
    expect([ofBad().length, sent.length]).toEqual([3, 4]);
    expect(new Set(ofBad().map(({ message }) => message.id)).size).toBe(1);
    expect([await counted('delivered'), await counted('failed'), await counted('dead')]).toEqual([2, 2, 0]);
    expect(said('message of an unrecorded security event failed; it is tried again')).toMatchObject([
      { level: 40, target: 'bad', why: 'answered 503' },
      { target: 'bad' },
    ]);
  });
});

describe('a message is given up', () => {
  it('after its last attempt', async () => {
    const { tell, look, sent, said, counted } = telling({ targets: { bad: file }, attempts: 3 }, fails);
    await tell(failing);
    for (let times = 0; times < 5; times += 1) await look(100);
    expect(sent).toHaveLength(3);
    expect(said(GIVEN_UP)).toMatchObject([
      { level: 50, target: 'bad', event: 'database.failing', subject: 'database', why: 'answered 503' },
    ]);
    expect([await counted('failed'), await counted('dead')]).toEqual([2, 1]);
  });

  it('after an hour, however late its target asks for it, and not before', async () => {
    const { tell, look, sent, said } = telling({ targets: { busy: file } }, () => {
      throw new TryLater('answered 429', 3_540);
    });
    await tell(failing);
    await look(3_539);
    expect(sent).toHaveLength(1);
    await look(1);
    expect([sent.length, said(GIVEN_UP)]).toEqual([2, []]);
    await look(60);
    await look(3_600);
    expect([sent.length, said(GIVEN_UP)]).toMatchObject([2, [{ why: 'not sent within 3600 s' }]]);
  });
});

describe('a flood', () => {
  it('of one type is sent up to the bound of its target, is logged once, and pushes out no other type', async () => {
    const { tell, look, sent, said, counted } = telling({
      targets: { team: { ...mail, messages_per_window: 5 } },
    });
    const flood = (from: number) => Array.from({ length: 9 }, (_, at) => unstored(jump(from + at)));
    await tell(...flood(0), failing, failing);
    const types = () => sent.map(({ message }) => (message.data as { event: { type: string } }).event.type);
    expect(types()).toEqual([...Array(5).fill('clock.jump'), 'database.failing']);
    expect(said(DROPPED)).toMatchObject([
      { level: 50, target: 'team', event: 'clock.jump', dropped: 1 },
      { target: 'team', event: 'database.failing', dropped: 5 },
    ]);
    expect(await counted('dead')).toBe(5);
    await look(599);
    await tell(unstored(jump(50)));
    expect(sent).toHaveLength(6);
    await look(1);
    await tell(unstored(jump(51)));
    expect(sent).toHaveLength(7);
  });

  it('waits in memory up to a hundred for each target, and one of each further type', async () => {
    const { tell, memory, time } = telling({ targets: { bad: file, worse: file } }, fails);
    await tell(...Array.from({ length: 300 }, (_, wall) => unstored(jump(wall))), failing, failing);
    const waiting = (target: string) => memory.due(target, time.clock.nowSeconds() + 3_000, 1_000);
    expect([(await waiting('bad')).length, (await waiting('worse')).length]).toEqual([101, 101]);
  });
});

describe('a service', () => {
  const section = (target: object) => ({ targets: { 'on-call': target } });

  it('signs the message as any other, and says that it has no number', async () => {
    const { receiver, target } = await hook();
    const { unstored: around, deliveries } = await notifying({ section: section(target) });
    around.emit(failing);
    await vi.waitFor(() => expect(receiver.received).toHaveLength(1), PATIENCE);
    const { headers, body = '' } = receiver.received[0] ?? {};
    expect(headers?.['webhook-signature']).toMatch(/^v1,/);
    expect(JSON.parse(body)).toEqual({
      id: headers?.['webhook-id'],
      type: 'security_event.unstored',
      timestamp: '2025-10-09T08:53:20.000Z',
      title: '[Keyward] not recorded when raised, critical: database.failing (database)',
      data: {
        event: {
          type: 'database.failing',
          severity: 'critical',
          subject: 'database',
          meaning: 'The database cannot be read or written: no tokens.',
          runbook: 'docs/runbooks/service.md#the-database-fails-databasefailing',
          raised_at: START,
        },
        retried: false,
      },
    });
    expect(await deliveries()).toEqual([]);
  });

  it('sends nowhere where its own network begins, unless that is allowed', async () => {
    const { receiver, target } = await hook();
    const guarded = { ...target, url: target.url.replace('http:', 'https:'), allow_private: false };
    const { unstored: around, lines } = await notifying({ section: section(guarded) });
    around.emit(failing);
    await vi.waitFor(
      () =>
        expect(lines.map(({ why }) => String(why))).toContainEqual(expect.stringContaining('allow_private')),
      PATIENCE,
    );
    expect(receiver.received).toEqual([]);
  });

  it('sends it whether it leads or not: no other process knows of it', async () => {
    const { receiver, target } = await hook();
    const { leadership } = switchedLeadership();
    const { unstored: around } = await notifying({ section: section(target), leadership });
    around.emit(failing);
    await vi.waitFor(() => expect(receiver.received).toHaveLength(1), PATIENCE);
  });

  it('tries again by itself', async () => {
    const { receiver, target } = await hook();
    receiver.next(503);
    const { unstored: around, notifications, raiser, time } = await notifying({ section: section(target) });
    await notifications.start(raiser);
    around.emit(failing);
    await vi.waitFor(() => expect(receiver.received).toHaveLength(1), PATIENCE);
    time.pass(5);
    await vi.waitFor(() => expect(receiver.received).toHaveLength(2), PATIENCE);
  });

  it('ends in time though a target hangs and messages wait, and logs what is lost', async () => {
    const { receiver, target } = await hook();
    receiver.always('hang');
    const {
      unstored: around,
      notifications,
      lines,
    } = await notifying({
      section: { ...section(target), deadline_ms: 60_000 },
    });
    for (let wall = 0; wall < 3; wall += 1) around.emit(unstored(jump(wall)));
    await vi.waitFor(() => expect(receiver.received).toHaveLength(1), PATIENCE);
    const since = performance.now();
    await notifications.stop();
    expect(performance.now() - since).toBeLessThan(30_000);
    expect(receiver.received).toHaveLength(1);
    const lost = lines.filter(({ msg }) => msg === GIVEN_UP);
    expect(lost.map(({ why }) => why)).toEqual(Array(3).fill('the service stops'));
  });

  it('goes on after a reload with what waits, and gives up what a former target has not got', async () => {
    const [kept, former] = [await hook(), await hook()];
    for (const { receiver } of [kept, former]) receiver.next('hang');
    const {
      unstored: around,
      notifications,
      raiser,
      lines,
    } = await notifying({
      section: { targets: { kept: kept.target, former: former.target }, deadline_ms: 60_000 },
    });
    around.emit(failing);
    for (const { receiver } of [kept, former]) {
      await vi.waitFor(() => expect(receiver.received).toHaveLength(1), PATIENCE);
    }
    await notifications.start(raiser);
    const next = notificationSection.parse({ targets: { kept: kept.target } });
    await notifications.reconfigure(notificationSettings(next, (path) => path));
    await vi.waitFor(() => expect(kept.receiver.received).toHaveLength(2), PATIENCE);
    const ids = kept.receiver.received.map(({ headers }) => headers['webhook-id']);
    expect(ids[0]).toBe(ids[1]);
    expect(former.receiver.received).toHaveLength(1);
    expect(lines.filter(({ msg }) => msg === GIVEN_UP)).toMatchObject([
      { target: 'former', why: 'the configuration no longer names the target' },
    ]);
  });
});

describe('the wording', () => {
  const NO_NUMBER =
    'The database did not take this event when it was raised: it has no number, and nobody can acknowledge it.';

  it.each([
    [
      'that it comes again once it is recorded',
      true,
      'Keyward tries again to record it. Once it is recorded, it comes again with its number.',
    ],
    ['that it is not recorded later', false, 'It is not recorded later.'],
  ])('of a mail says %s, and what to do', async (_what, isRetried, sentence) => {
    const { received, port } = await receiveMail({ certificates });
    const target = {
      ...mail,
      host: '127.0.0.1',
      port,
      tls: { ca_file: `${certificates}/server.pem` },
      allow_private: true,
    };
    const { unstored: around } = await notifying({ section: { targets: { team: target } } });
    around.emit({ ...failing, isRetried });
    await vi.waitFor(() => expect(received).toHaveLength(1), PATIENCE);
    const text = received[0]?.text.split('\r\n') ?? [];
    expect(text).toEqual(
      expect.arrayContaining([
        'Subject: [Keyward] not recorded when raised, critical: database.failing',
        'X-Keyward-Type: security_event.unstored',
        'Importance: high',
        NO_NUMBER,
        sentence,
        'event       database.failing',
        'What to do: docs/runbooks/service.md#the-database-fails-databasefailing',
      ]),
    );
    expect(text.join('\n')).not.toMatch(/event acknowledge|^number/m);
  });

  it('of CEF has no number and no state', async () => {
    const { tell, sent } = telling({ targets: { siem: file } });
    await tell(failing);
    const [line = ''] = sent.map(({ message }) => cefOf(message));
    expect(line).toMatch(
      /^CEF:0\|Keyward\|Keyward\|1\|database\.failing\|[^|]*\|10\|.* cat=security_event\.unstored rt=1760000000000 cs1Label=subject /,
    );
    expect(line).not.toMatch(/externalId|cs3/);
  });
});
