import { beforeEach, expect, it } from 'vitest';
import { createOutageWatch, Outages } from '../../../src/events/outages.ts';
import { type SecurityEventReport, securityEvent } from '../../../src/kernel/security-events.ts';
import { raiserInto } from '../../support/raised-events.ts';

let now: number;
let raised: SecurityEventReport[];
let outages: Outages;
const tell = () => outages.raiseEvents(raiserInto(raised));
const told = () => raised.map(({ evidence: { sink, since, why } }) => [sink, since, why]);

beforeEach(() => {
  now = 100;
  raised = [];
  outages = new Outages({
    clock: { nowSeconds: () => now },
    patienceSeconds: 60,
    report: ({ name: sink, since, why }) => securityEvent('audit.sink_failing', { sink, since, why }),
  });
});

it('tells of an outage once it has lasted, with its first cause, and once', () => {
  outages.began('file', 'disk full');
  outages.began('file', 'not open');
  now = 159;
  tell();
  expect(told()).toEqual([]);
  now = 160;
  tell();
  tell();
  expect(told()).toEqual([['file', 100, 'disk full']]);
});

it('says nothing of what is over in time, and tells of the next anew', () => {
  outages.began('file', 'disk full');
  now = 159;
  outages.ended('file');
  now = 200;
  tell();
  expect(told()).toEqual([]);
  outages.began('file', 'disk full');
  now = 260;
  tell();
  outages.ended('file');
  outages.began('file', 'read-only');
  now = 320;
  tell();
  expect(raised.map(({ type, evidence: { since } }) => [type, since])).toEqual([
    ['audit.sink_failing', 200],
    ['condition.over', 200],
    ['audit.sink_failing', 260],
  ]);
});

it('tells that an outage is over, which it has told of, once and of that one alone', () => {
  outages.began('file', 'disk full');
  outages.began('syslog', 'refused');
  now = 160;
  tell();
  outages.began('late', 'refused');
  for (const name of ['file', 'file', 'late', 'never']) outages.ended(name);
  tell();
  tell();
  expect(raised.slice(2)).toMatchObject([
    {
      type: 'condition.over',
      severity: 'info',
      subject: 'sink:file',
      evidence: { condition: 'audit.sink_failing', concerns: 'sink:file', since: 100 },
    },
  ]);
});

it('tells that what happened is over, whatever lasts under that name', () => {
  outages.happened('file', 'deleted');
  outages.began('file', 'disk full');
  tell();
  outages.ended('file');
  tell();
  expect(told()).toEqual([['file', 100, 'deleted']]);
  outages.passed('file');
  outages.happened('file', 'deleted');
  outages.passed('file');
  tell();
  expect(raised.map(({ type }) => type)).toEqual(['audit.sink_failing', 'condition.over']);
});

it('says of an HSM token that it is available again, and of its PIN that the matter is over', () => {
  const watch = createOutageWatch({ nowSeconds: () => now });
  const both = [watch.hsm, watch.pins];
  for (const each of both) each.began('primary', 'unplugged');
  now = 110;
  watch.raiseEvents(raiserInto(raised));
  for (const each of both) each.ended('primary');
  watch.isOver({ type: 'database.failing', subject: 'database' }, 90);
  watch.raiseEvents(raiserInto(raised));
  expect(raised.map(({ type, subject, evidence: { since } }) => [type, subject, since])).toEqual([
    ['hsm.pin_rejected', 'hsm:primary', 100],
    ['hsm.unavailable', 'hsm:primary', 100],
    ['condition.over', 'database', 90],
    ['condition.over', 'hsm:primary', 100],
    ['hsm.available', 'hsm:primary', 100],
  ]);
});

it('tells of each by itself', () => {
  outages.began('file', 'disk full');
  outages.began('syslog', 'refused');
  now = 160;
  tell();
  expect(told()).toEqual([
    ['file', 100, 'disk full'],
    ['syslog', 100, 'refused'],
  ]);
});

it('tells of what is over at once without patience, and once an hour', () => {
  outages.happened('file', 'deleted');
  tell();
  now = 3_699;
  outages.happened('file', 'deleted');
  outages.happened('file', 'cut short');
  tell();
  now = 3_700;
  outages.happened('file', 'deleted');
  tell();
  expect(told()).toEqual([
    ['file', 100, 'deleted'],
    ['file', 3_699, 'cut short'],
    ['file', 3_700, 'deleted'],
  ]);
});
