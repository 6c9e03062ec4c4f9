import { describe, expect, it } from 'vitest';
import { check, type Dump, PROPERTIES, type Property } from '../../../../scripts/history/check.ts';
import type { Operation } from '../../../../scripts/history/record.ts';
import { at, groupOf, issue, row, soundDump, soundHistory, token, verify } from './sound-history.ts';

const found = (history: readonly Operation[], dump: Dump = soundDump()) => [
  ...new Set(check(history, dump).map(({ property }) => property)),
];
const lossy: Operation = { ...at(140), answered: 150, what: 'fault', name: 'laggard', loses: true };
const dumpWith = (changes: Partial<Dump>): Dump => ({ ...soundDump(), ...changes });
const withoutLastGroup = () => {
  const { groups, rows } = soundDump();
  return dumpWith({ groups: groups.slice(0, 1), rows: rows.slice(0, 2) });
};

/** A second record of the first token, in a group that is sealed like any other. */
function recordedTwice(): Dump {
  const { groups, rows } = soundDump();
  const more = groupOf(groups[1], [row(5, 1, 'k1')]);
  return dumpWith({ groups: [...groups, more.group], rows: [...rows, ...more.rows] });
}

/** Like the sound one, but that a record stands in the place of another token's. */
function changedRow(changes: Partial<Dump['rows'][number]>): Dump {
  return dumpWith({ rows: soundDump().rows.map((each, at) => (at === 0 ? { ...each, ...changes } : each)) });
}

interface Planted {
  readonly what: string;
  readonly history?: readonly Operation[];
  readonly dump?: Dump;
  readonly properties: readonly Property[];
}

const later = (...operations: readonly Operation[]) => [...soundHistory(), ...operations];

const PLANTED: readonly Planted[] = [
  { what: 'an acknowledged token without a record', history: later(issue(140, 5, 'k2')), properties: ['P1'] },
  { what: 'two records of one token', dump: recordedTwice(), properties: ['P1', 'P3'] },
  { what: 'a record of another key', dump: changedRow({ kid: 'k2' }), properties: ['P1', 'P10'] },
  {
    what: 'a record that no group covers',
    dump: changedRow({ groupSequence: 7 }),
    properties: ['P1', 'P10'],
  },
  {
    what: 'a genuine token that is never issued',
    history: later(verify(140, 3, { valid: false, reason: 'never_issued' })),
    properties: ['P2'],
  },
  {
    what: 'a genuine token that is refused for a revocation nobody asked for',
    history: later(verify(140, 3, { valid: false, reason: 'revoked' })),
    properties: ['P2'],
  },
  { what: 'one token released twice', history: [issue(5, 1), ...soundHistory()], properties: ['P3'] },
  {
    what: 'one place twice',
    dump: dumpWith({ groups: [...soundDump().groups, ...soundDump().groups.slice(1)] }),
    properties: ['P3', 'P10'],
  },
  {
    what: 'a token of a key released after its compromise',
    history: soundHistory().map((each) =>
      each.what === 'issue' && each.asked === 90 ? { ...each, asked: 106 } : each,
    ),
    properties: ['P4'],
  },
  { what: 'a token of a compromised key accepted', history: later(verify(140, 3)), properties: ['P5'] },
  { what: 'a revoked token accepted', history: [...soundHistory(), verify(50, 2)], properties: ['P5'] },
  {
    what: 'a state that goes back',
    history: later({ ...at(140), what: 'keys', keys: [{ kid: 'k1', state: 'deactivated' }] }),
    properties: ['P6'],
  },
  {
    what: 'two active keys at once',
    history: later({
      ...at(140),
      what: 'keys',
      keys: [
        { kid: 'k2', state: 'active' },
        { kid: 'k3', state: 'active' },
      ],
    }),
    properties: ['P6'],
  },
  {
    what: 'a compromise that is gone',
    dump: dumpWith({ keys: [{ kid: 'k1', state: 'active' }] }),
    properties: ['P6'],
  },
  {
    what: 'a forgery accepted',
    history: later(verify(95, 98, { forged: true, valid: true })),
    properties: ['P8'],
  },
  {
    what: 'a forgery that nobody was told of',
    history: later(
      verify(140, 98, { forged: true, valid: false, reason: 'never_issued' }),
      verify(6_000, 4, { valid: true, token: token(4, 'k2') }),
    ),
    properties: ['P8'],
  },
  {
    what: 'a genuine token told as a forgery',
    dump: dumpWith({ toldForgeries: [...soundDump().toldForgeries, token(1).digest] }),
    properties: ['P8'],
  },
  { what: 'a record changed', dump: changedRow({ clientId: 'another' }), properties: ['P10'] },
  {
    what: 'an event changed',
    dump: dumpWith({ events: soundDump().events.map((each) => ({ ...each, actor: 'mallory' })) }),
    properties: ['P10'],
  },
  {
    what: 'an event missing from the trail',
    dump: dumpWith({ events: soundDump().events.slice(1), sink: [] }),
    properties: ['P10'],
  },
  {
    what: 'an event in the sink alone',
    dump: dumpWith({ events: soundDump().events.slice(0, 1) }),
    properties: ['P10'],
  },
  {
    what: 'an event missing from the sink',
    dump: dumpWith({ sink: soundDump().events.slice(1) }),
    properties: ['P10'],
  },
  {
    what: 'no token after a fault',
    history: later({ ...at(140), what: 'fault', name: 'cut', loses: false }),
    properties: ['P13'],
  },
  {
    what: 'a token long after a fault',
    history: [...soundHistory().filter(({ asked }) => asked <= 80), issue(31_000, 3), issue(31_010, 4, 'k2')],
    dump: dumpWith({ keys: [] }),
    properties: ['P13'],
  },
  {
    what: 'issuing behind lost records',
    history: later(lossy, issue(160, 1)),
    dump: withoutLastGroup(),
    properties: ['P3', 'P4', 'P16'],
  },
];

describe('the checker of histories', () => {
  it('has nothing to say of a service that kept its word', () => {
    expect(check(soundHistory(), soundDump())).toEqual([]);
  });

  it.each(PLANTED)('finds $what', ({ history = soundHistory(), dump, properties }) => {
    expect(found(history, dump)).toEqual(properties);
  });

  it('was shown a violation of each property', () => {
    const planted = new Set(PLANTED.flatMap(({ properties }) => properties));
    expect([...planted].sort()).toEqual(Object.keys(PROPERTIES).sort());
  });

  it('excuses lost records where a fault loses them, and a sink that still has what the trail lost', () => {
    const dump = { ...withoutLastGroup(), events: soundDump().events.slice(0, 1) };
    expect(found(later(lossy), dump)).toEqual([]);
  });

  it('takes no act whose answer was lost for done, nor for not done', () => {
    const unknown = { ...at(82), outcome: 'unknown' as const };
    const history: Operation[] = [
      ...soundHistory(),
      { ...unknown, what: 'revoke', jti: 'jti-4' },
      { ...at(140), outcome: 'unknown', what: 'issue' },
    ];
    const shown = { token: token(4, 'k2') };
    for (const told of [{ valid: true }, { valid: false, reason: 'revoked' }])
      expect(found([...history, verify(150, 4, { ...shown, ...told })])).toEqual([]);
  });

  it('holds answers against those alone that surely came before them', () => {
    const during = verify(99, 3);
    const looking: Operation = {
      ...at(95),
      answered: 125,
      what: 'keys',
      keys: [{ kid: 'k1', state: 'active' }],
    };
    expect(found([...soundHistory(), during, looking])).toEqual([]);
  });
});
