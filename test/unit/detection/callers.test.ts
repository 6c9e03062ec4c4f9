import { describe, expect, it } from 'vitest';
import type { Detection } from '../../../src/detection/detector.ts';
import { newSource } from '../../../src/detection/new-source.ts';
import { deniedBurst, malformedBurst, unusualRate } from '../../../src/detection/rules.ts';
import type { Fact } from '../../../src/kernel/activity.ts';
import type { SecurityEventReport } from '../../../src/kernel/security-events.ts';

const AT = 1_799_625_600;
const HOUR = 3_600;

/** What one detection tells of these facts, in their order; each memory is written and read back between two. */
function run<M>(detection: Detection<M>, facts: readonly Fact[]): SecurityEventReport[] {
  const memories = new Map<string, unknown>();
  return facts.flatMap((fact) => {
    const name = detection.concerns(fact);
    if (name === undefined) return [];
    const kept = memories.get(name);
    const { memory, news } = detection.detect(
      kept === undefined ? undefined : detection.memory?.parse(kept),
      fact,
    );
    memories.set(name, memory === undefined ? undefined : JSON.parse(JSON.stringify(memory)));
    return [...news];
  });
}

const from = (remote: string | null, caller = 'client:login', at = AT): Fact => ({
  kind: 'authenticated',
  at,
  count: 1,
  caller,
  remote,
});

describe('a new source', () => {
  const told = (...remotes: string[]) =>
    run(
      newSource,
      remotes.map((remote) => from(remote)),
    ).map(({ severity, evidence }) => [severity, evidence.network]);

  it('is any network but the first, near or far', () => {
    expect(told('10.1.2.3', '10.1.2.200')).toEqual([]);
    expect(told('10.1.2.3', '10.1.9.3')).toEqual([['info', '10.1.9.0/24']]);
    expect(told('10.1.2.3', '203.0.113.7')).toEqual([['warning', '203.0.113.0/24']]);
    expect(told('2001:db8:1:2::7', '2001:db8:1:9::7', '2001:db8:2::7', '2a00::1')).toEqual([
      ['info', '2001:db8:2::/48'],
      ['warning', '2a00:0:0::/48'],
    ]);
    expect(told('10.1.2.3', '::ffff:10.1.2.9')).toEqual([]);
  });

  it('is told once, and each caller has its own', () => {
    expect(told('10.1.2.3', '203.0.113.7', '10.1.2.3', '203.0.113.8')).toHaveLength(1);
    expect(run(newSource, [from('10.1.2.3'), from('203.0.113.7', 'client:other')])).toEqual([]);
    expect(run(newSource, [from('10.1.2.3'), from('203.0.113.7')])).toMatchObject([
      {
        type: 'client.new_source',
        subject: 'client:login',
        evidence: { remote: '203.0.113.7', networks: ['10.1.2.0/24'] },
      },
    ]);
  });

  it('is new again after thirty days without it, and old for as long as it is used', () => {
    const days = (day: number) => AT + day * 86_400;
    const home = (day: number) => from('10.1.2.3', 'client:login', days(day));
    const away = (day: number) => from('203.0.113.7', 'client:login', days(day));
    const month = Array.from({ length: 40 }, (_, day) => home(day));
    const seen = (...facts: Fact[]) => run(newSource, facts).map(({ evidence }) => evidence.since);
    expect(seen(home(0), away(0), ...month.slice(0, 31), away(30))).toEqual([days(0)]);
    expect(seen(home(0), away(0), ...month.slice(0, 32), away(31))).toEqual([days(0), days(31)]);
    expect(seen(home(0), away(31))).toEqual([]);
  });

  it('is nothing new of a caller that comes from anywhere', () => {
    const everywhere = Array.from({ length: 60 }, (_, n) => `${n + 20}.1.2.3`);
    expect(told(...everywhere)).toHaveLength(31);
  });

  it('is forgotten with the client, and nothing is known of a caller without an address', () => {
    const changed = (revoked: boolean): Fact => ({
      kind: 'changed',
      at: AT,
      count: 1,
      caller: 'client:login',
      revoked,
    });
    expect(run(newSource, [from('10.1.2.3'), changed(false), from('203.0.113.7')])).toHaveLength(1);
    expect(run(newSource, [from('10.1.2.3'), changed(true), from('203.0.113.7')])).toEqual([]);
    expect(run(newSource, [from('10.1.2.3'), from(null)])).toEqual([]);
  });
});

const issued = (at: number, count: number, client = 'login'): Fact => ({
  kind: 'issued',
  at,
  count,
  client,
  scope: 'web',
});
const hours = (many: number, each: (at: number, hour: number) => Fact) =>
  Array.from({ length: many }, (_, hour) => each(AT + hour * HOUR, hour));

describe('an unusual rate', () => {
  const told = (...facts: Fact[]) =>
    run(unusualRate, facts).map(({ severity, evidence: { count, expected, settled } }) => [
      severity,
      count,
      expected,
      settled,
    ]);

  it('is beyond four times what was ever seen, once a day is known', () => {
    const day = hours(24, (at) => issued(at, 50));
    expect(told(...day, issued(AT + 24 * HOUR, 200))).toEqual([]);
    expect(told(...day, issued(AT + 24 * HOUR, 201))).toEqual([['info', 201, 50, false]]);
    expect(told(...day, issued(AT + 24 * HOUR, 500))).toEqual([['warning', 500, 50, false]]);
    expect(told(...day.slice(1), issued(AT + 24 * HOUR, 500))).toEqual([]);
  });

  it('is held against the same hour of other weeks, once they are known', () => {
    const weeks = hours(2 * 168, (at, hour) => issued(at, hour % 24 < 12 ? 5 : 500));
    expect(told(...weeks, issued(AT + (2 * 168 + 4) * HOUR, 100))).toEqual([['warning', 100, 5, true]]);
    expect(told(...weeks, issued(AT + (2 * 168 + 16) * HOUR, 1_900))).toEqual([]);
  });

  it('is not what somebody made usual who began slowly', () => {
    const office = hours(5 * 168, (at, hour) => issued(at, hour % 24 < 9 ? 0 : 10));
    const night = [40, 160, 640, 2_560].map((count, hour) => issued(AT + (5 * 168 + 1 + hour) * HOUR, count));
    expect(told(...office, ...night).map(([, count]) => count)).toEqual([40, 160, 640, 2_560]);
    const nextWeek = issued(AT + (6 * 168 + 2) * HOUR, 2_560);
    expect(told(...office, ...night, nextWeek).at(-1)).toEqual(['warning', 2_560, expect.any(Number), true]);
  });

  it('counts a minute together, and is no measure of what comes after', () => {
    const day = hours(24, (at) => issued(at, 50));
    const minute = Array.from({ length: 6 }, (_, n) => issued(AT + 24 * HOUR + n * 10, 100));
    expect(told(...day, ...minute).at(-1)).toEqual(['warning', 600, 50, false]);
    expect(told(...day, ...minute, issued(AT + 25 * HOUR, 600)).at(-1)).toEqual(['warning', 600, 50, false]);
  });

  it('is nothing of small numbers, nor of another client', () => {
    const day = hours(24, (at) => issued(at, 1));
    expect(told(...day, issued(AT + 24 * HOUR, 30))).toEqual([]);
    expect(told(...day, issued(AT + 24 * HOUR, 31))).toHaveLength(1);
    expect(told(...day, issued(AT + 24 * HOUR, 31, 'other'))).toEqual([]);
  });
});

const refused = (changes: object): Fact => ({
  kind: 'refused',
  at: AT,
  count: 1,
  plane: 'data',
  code: 'grant_missing',
  caller: 'client:login',
  remote: '203.0.113.7',
  ...changes,
});

describe('a burst of denials', () => {
  const told = (...facts: Fact[]) =>
    run(deniedBurst, facts).map(({ subject, evidence }) => [subject, evidence.count]);

  it('is more than twenty in a minute of one caller, or of nobody known', () => {
    expect(told(refused({ count: 20 }))).toEqual([]);
    expect(told(refused({ count: 21 }))).toEqual([['client:login', 21]]);
    expect(told(refused({ count: 15 }), refused({ count: 15, at: AT + 30 }))).toEqual([['client:login', 30]]);
    expect(told(refused({ count: 15 }), refused({ count: 15, at: AT + 60 }))).toEqual([]);
    expect(told(refused({ count: 15 }), refused({ count: 15, caller: 'client:other' }))).toEqual([]);
    const unknown = { count: 15, caller: null, code: 'credential_invalid' };
    expect(told(refused(unknown), refused({ ...unknown, remote: '198.51.100.1' }))).toEqual([
      ['plane:data', 30],
    ]);
  });

  it('is nothing new of a caller that is always turned away so often', () => {
    const days = hours(48, (at) => refused({ at, count: 19 }));
    expect(told(...days, refused({ at: AT + 48 * HOUR, count: 60 }))).toEqual([]);
    expect(told(...days, refused({ at: AT + 48 * HOUR, count: 80 }))).toHaveLength(1);
  });

  it('is not what somebody made usual who began slowly', () => {
    const slowly = [20, 80, 320, 1_280].map((count, hour) =>
      refused({ at: AT + (30 * 24 + hour) * HOUR, count }),
    );
    expect(told(refused({}), ...slowly).map(([, count]) => count)).toEqual([80, 320, 1_280]);
    const malformed = slowly.map((fact) => ({
      ...fact,
      code: 'credential_malformed' as const,
      caller: null,
    }));
    expect(run(malformedBurst, malformed as Fact[]).map(({ evidence }) => evidence.count)).toEqual([
      80, 320, 1_280,
    ]);
  });

  it('has nothing to do with malformed credentials, which are told by themselves', () => {
    const malformed = { code: 'credential_malformed', caller: null };
    expect(told(refused({ ...malformed, count: 31 }))).toEqual([]);
    const of = (count: number, plane = 'data') =>
      run(malformedBurst, [refused({ ...malformed, count, plane })]).map(({ type, subject }) => [
        type,
        subject,
      ]);
    expect(of(30)).toEqual([]);
    expect(of(31, 'operations')).toEqual([['credential.malformed_burst', 'plane:operations']]);
    expect(run(malformedBurst, [refused({ count: 100 })])).toEqual([]);
  });
});
