import { beforeEach, expect, it } from 'vitest';
import { Outages } from '../../../src/events/outages.ts';
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
  expect(told()).toEqual([
    ['file', 200, 'disk full'],
    ['file', 260, 'read-only'],
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
