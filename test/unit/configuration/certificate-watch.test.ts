import { beforeEach, expect, it } from 'vitest';
import { CertificateWatch } from '../../../src/configuration/certificate-watch.ts';
import type { SecurityEventReport } from '../../../src/kernel/security-events.ts';

const DAY = 86_400;
const ISSUED = 1_795_464_000;

let now: number;
let raised: SecurityEventReport[];
let watch: CertificateWatch;

beforeEach(() => {
  now = ISSUED;
  raised = [];
  watch = new CertificateWatch({
    events: { raise: (event) => void raised.push(event) },
    clock: { nowSeconds: () => now } as never,
  });
});

const lasting = (days: number, from = ISSUED) => ({
  cert: '',
  key: '',
  ca: undefined,
  validFromMs: from * 1_000,
  validToMs: (from + days * DAY) * 1_000,
});
const told = () =>
  raised.map(({ severity, evidence: { plane, valid_until } }) => [severity, plane, valid_until]);

it('a certificate that nobody renews is told once two weeks before its end, and once when it has ended', () => {
  const inUse = { data_plane: lasting(90) };
  const end = ISSUED + 90 * DAY;
  now = end - 14 * DAY - 1;
  watch.look(inUse);
  expect(told()).toEqual([]);
  for (const left of [14 * DAY, 7 * DAY, 0]) {
    now = end - left;
    watch.look(inUse);
  }
  expect(told()).toEqual([['warning', 'data', end]]);
  for (const since of [1, DAY]) {
    now = end + since;
    watch.look(inUse);
  }
  expect(told()).toEqual([
    ['warning', 'data', end],
    ['critical', 'data', end],
  ]);
});

it('one of a day is told when a fifth of its life is left', () => {
  const inUse = { operations_plane: lasting(1) };
  now = ISSUED + 0.8 * DAY - 1;
  watch.look(inUse);
  expect(told()).toEqual([]);
  now += 1;
  watch.look(inUse);
  expect(told()).toEqual([['warning', 'operations', ISSUED + DAY]]);
});

it('the next one is told anew, and each plane by itself', () => {
  now = ISSUED + 85 * DAY;
  const next = lasting(90, now);
  watch.look({ data_plane: lasting(90), operations_plane: lasting(90) });
  expect(told().map(([, plane]) => plane)).toEqual(['data', 'operations']);
  watch.look({ data_plane: next, operations_plane: lasting(90) });
  expect(raised).toHaveLength(2);
  now += 80 * DAY;
  watch.look({ data_plane: next });
  expect(told().at(-1)).toEqual(['warning', 'data', ISSUED + 175 * DAY]);
});
