import { expect, it } from 'vitest';
import { ActivityAggregator } from '../../../src/detection/activity.ts';
import type { Happening } from '../../../src/kernel/activity.ts';

const issued = (at: number, client = 'login'): Happening => ({ kind: 'issued', at, client, scope: 'web' });

it('counts alike with alike, and begins anew with each taking', () => {
  const facts = new ActivityAggregator();
  for (const at of [1, 2, 3]) facts.record(issued(at));
  facts.record(issued(4, 'other'));
  facts.record({ kind: 'authenticated', at: 5, caller: 'client:login', remote: null });
  expect(facts.take()).toEqual([
    { ...issued(1), count: 3 },
    { ...issued(4, 'other'), count: 1 },
    { kind: 'authenticated', at: 5, caller: 'client:login', remote: null, count: 1 },
  ]);
  expect(facts.take()).toEqual([]);
});

it('tells apart all that makes facts different', () => {
  const facts = new ActivityAggregator();
  const refused = {
    kind: 'refused',
    at: 1,
    plane: 'data',
    code: 'grant_missing',
    caller: null,
    remote: null,
  } as const;
  for (const change of [
    {},
    { plane: 'operations' },
    { code: 'role_missing' },
    { caller: 'client:a' },
    { remote: '::1' },
  ]) {
    facts.record({ ...refused, ...change } as Happening);
  }
  const verified = {
    kind: 'verified',
    at: 1,
    client: 'a',
    scope: 'web',
    reason: null,
    suspiciousHeader: null,
    token: null,
  } as const;
  for (const change of [
    {},
    { client: null },
    { scope: 'b' },
    { reason: 'expired' },
    { suspiciousHeader: 'jku' },
  ]) {
    facts.record({ ...verified, ...change } as Happening);
  }
  for (const revoked of [true, false]) facts.record({ kind: 'changed', at: 1, caller: 'client:a', revoked });
  expect(facts.take()).toHaveLength(12);
});

it('has room for 4,096 of each kind, and counts what finds none', () => {
  const facts = new ActivityAggregator();
  for (let n = 0; n < 4_100; n++) facts.record(issued(n, `client-${n}`));
  facts.record(issued(5_000, 'client-0'));
  facts.record({ kind: 'authenticated', at: 1, caller: 'client:a', remote: null });
  expect([facts.take().length, facts.dropped]).toEqual([4_097, 4]);
  facts.record(issued(1));
  expect(facts.take()).toHaveLength(1);
});
