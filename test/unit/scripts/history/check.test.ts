import { describe, expect, it } from 'vitest';
import { check, PROPERTIES, type Property } from '../../../../scripts/history/check.ts';
import type { Dump } from '../../../../scripts/history/dump.ts';
import type { Ended, Impaired, Operation, PinRejected } from '../../../../scripts/history/record.ts';
import {
  at,
  fault,
  groupOf,
  issue,
  notified,
  numbered,
  OTHER_FRONT,
  row,
  soundDump,
  soundHistory,
  token,
  verify,
} from './sound-history.ts';

const found = (history: readonly Operation[], dump: Dump = soundDump()) => [
  ...new Set(check(history, dump).map(({ property }) => property)),
];
const lossy = fault(140, 150, { name: 'laggard', loses: true });
const dumpWith = (changes: Partial<Dump>): Dump => ({ ...soundDump(), ...changes });
const withoutLaterGroups = () => {
  const { groups, rows } = soundDump();
  return dumpWith({ groups: groups.slice(0, 1), rows: rows.slice(0, 2) });
};

/** A second record of the first token, in a group that is sealed like any other. */
function recordedTwice(): Dump {
  const { groups, rows } = soundDump();
  const more = groupOf(groups.at(-1), [row(6, 1, 'k1')]);
  return dumpWith({ groups: [...groups, more.group], rows: [...rows, ...more.rows] });
}

/** Like the sound one, but that a record stands in the place of another token's. */
function changedRow(changes: Partial<Dump['rows'][number]>): Dump {
  return dumpWith({ rows: soundDump().rows.map((each, at) => (at === 0 ? { ...each, ...changes } : each)) });
}

/** Long after the fault of the sound one. */
function toldByTwo(): Dump {
  return dumpWith({
    raised: [...soundDump().raised, { sequence: 2, at: 1_200 }],
    notified: [notified(1), notified(2, { at: 1_200 }), notified(2, { at: 1_200, front: OTHER_FRONT })],
  });
}

interface Planted {
  readonly what: string;
  readonly history?: readonly Operation[];
  readonly dump?: Dump;
  readonly properties: readonly Property[];
}

const later = (...operations: readonly Operation[]) => [...soundHistory(), ...operations];
const impaired = (how: Impaired['how'], asked: number, answered: number): Impaired => ({
  ...at(asked),
  answered,
  front: OTHER_FRONT,
  what: 'impaired',
  how,
});
const rejectedPin = (asked: number): PinRejected => ({ ...at(asked), what: 'pin_rejected' });
const ended = (phase: Ended['phase'], why: string, asked: number): Ended => ({
  ...at(asked),
  what: 'ended',
  phase,
  why,
});
/** Of a fault that begins and ends before any other: both fronts release a token so much later. */
const recovered = (afterMs: number): Operation[] => [
  ...soundHistory().filter(({ what, asked }) => what !== 'fault' || asked > 80),
  fault(131, 132),
  issue(140, 6, 'k2'),
  { ...issue(132 + afterMs, 7, 'k2'), answered: 132 + afterMs, front: OTHER_FRONT },
];
/** With records of the tokens of these. */
function recordedLater(numbers: readonly number[]): Dump {
  const { groups, rows } = soundDump();
  const more = groupOf(
    groups.at(-1),
    numbers.map((n, index) => row(rows.length + 1 + index, n, 'k2')),
  );
  return dumpWith({ groups: [...groups, more.group], rows: [...rows, ...more.rows] });
}

const PLANTED: readonly Planted[] = [
  { what: 'an acknowledged token without a record', history: later(issue(140, 6, 'k2')), properties: ['P1'] },
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
  {
    what: 'a record of a key in a group that was committed behind its compromise',
    dump: dumpWith({
      commits: { groups: numbered(20_000, 106_000, 115_000), events: numbered(1_000, 45_000, 105_000) },
    }),
    properties: ['P4'],
  },
  { what: 'a token of a compromised key accepted', history: later(verify(140, 3)), properties: ['P5'] },
  { what: 'a revoked token accepted', history: [...soundHistory(), verify(50, 2)], properties: ['P5'] },
  {
    what: 'a revoked token accepted by another front more than a second later',
    history: later(verify(1_050, 2, { front: OTHER_FRONT, valid: true })),
    properties: ['P5'],
  },
  {
    what: 'a token of a compromised key accepted by another front that was frozen',
    history: later(impaired('frozen', 90, 6_200), verify(6_110, 3, { front: OTHER_FRONT, valid: true })),
    properties: ['P5'],
  },
  {
    what: 'a state that goes back',
    history: later({ ...at(140), what: 'keys', keys: [{ kid: 'k1', state: 'deactivated' }] }),
    properties: ['P6'],
  },
  {
    what: 'a state that goes back at another front, long after',
    history: later({
      ...at(10_100),
      front: OTHER_FRONT,
      what: 'keys',
      keys: [{ kid: 'k1', state: 'deactivated' }],
    }),
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
  {
    what: 'a chain told as broken that is not',
    dump: dumpWith({ toldBreaks: ['["audit","event 2","2026-12-02"]'] }),
    properties: ['P10'],
  },
  { what: 'a record changed', dump: changedRow({ clientId: 'another' }), properties: ['P10'] },
  {
    what: 'an event changed',
    dump: dumpWith({ events: soundDump().events.map((each) => ({ ...each, actor: 'mallory' })) }),
    properties: ['P10'],
  },
  {
    what: 'an event missing from the trail',
    dump: dumpWith({ events: soundDump().events.slice(1), sinks: [] }),
    properties: ['P10'],
  },
  {
    what: 'an event in the sink alone',
    dump: dumpWith({ events: soundDump().events.slice(0, 1) }),
    properties: ['P10'],
  },
  {
    what: 'an event missing from the sink',
    dump: dumpWith({ sinks: [{ front: OTHER_FRONT, entries: soundDump().events.slice(1) }] }),
    properties: ['P10'],
  },
  {
    what: 'an event that nobody is told of',
    dump: dumpWith({ notified: [], takenAt: 20_101 }),
    properties: ['P12'],
  },
  {
    what: 'an event that somebody is told of long after',
    dump: dumpWith({ notified: [notified(1, { at: 1_121 })] }),
    properties: ['P12'],
  },
  {
    what: 'an event told by two fronts without a fault',
    dump: toldByTwo(),
    properties: ['P12'],
  },
  {
    what: 'an event told by two fronts while a third was hit',
    history: later({ ...impaired('frozen', 100_000, 105_000), front: 'front 3' }),
    dump: toldByTwo(),
    properties: ['P12'],
  },
  { what: 'no token after a fault', history: later(fault(140, 145)), properties: ['P13'] },
  {
    what: 'a token of one front long after a fault',
    history: recovered(10_001),
    dump: recordedLater([6, 7]),
    properties: ['P13'],
  },
  {
    what: 'a token of one front too long after it was started again',
    history: [...recovered(20_001), { ...ended('serving', 'database.taken', 131), front: OTHER_FRONT }],
    dump: recordedLater([6, 7]),
    properties: ['P13'],
  },
  {
    what: 'a token accepted by a front that was cut off long before',
    history: later(
      impaired('cut', 140, 12_140),
      verify(6_150, 4, { front: OTHER_FRONT, valid: true, token: token(4, 'k2') }),
    ),
    properties: ['P14'],
  },
  {
    what: 'two fronts whose PINs are rejected in one fault',
    history: later(rejectedPin(75), { ...rejectedPin(75), front: OTHER_FRONT }),
    properties: ['P15'],
  },
  {
    what: 'issuing behind lost records',
    history: later(lossy, issue(160, 1)),
    dump: withoutLaterGroups(),
    properties: ['P3', 'P4', 'P16'],
  },
  {
    what: 'a front that ends by itself for another reason than its place',
    history: later(ended('serving', 'SIGSEGV', 140)),
    properties: ['P17'],
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
    const dump = { ...withoutLaterGroups(), events: soundDump().events.slice(0, 1) };
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

  it('lets another front follow for a second, and one that a fault hit until it must have stopped', () => {
    const told = { front: OTHER_FRONT, valid: true };
    expect(found(later(verify(1_040, 2, told), verify(1_100, 3, told)))).toEqual([]);
    const hit = impaired('frozen', 90, 200);
    expect(found(later(hit, verify(6_040, 2, told), verify(6_100, 3, told)))).toEqual([]);
  });

  it('lets another front learn again of an emergency that standbys did not have', () => {
    const alone = soundHistory().map((each) =>
      each.what === 'compromise' ? { ...each, replicated: false } : each,
    );
    const told = { front: OTHER_FRONT, valid: true };
    const standby = { valid: false, reason: 'outside_signing_window', token: token(4, 'k2') };
    const before = [verify(7_000, 3, told), verify(10_100, 4, { ...standby, front: OTHER_FRONT })];
    expect(found([...alone, ...before])).toEqual([]);
    expect(found(later(...before))).toEqual(['P2', 'P5']);
    expect(found([...alone, verify(10_106, 3, told)])).toEqual(['P5']);
    expect(found([...alone, verify(140, 3)])).toEqual(['P5']);
  });

  it('lets a front that a fault hit list what it knows', () => {
    const list = { ...at(11_000), front: OTHER_FRONT, keys: [{ kid: 'k1', state: 'active' }] };
    expect(found(later(impaired('cut', 5_000, 12_000), { ...list, what: 'keys' }))).toEqual([]);
  });

  it('lets a front list what it knows where what another restricted was lost, and the other list no less than before', () => {
    const list = (front: string | undefined, state: string): Operation => ({
      ...at(10_300),
      ...(front === undefined ? {} : { front }),
      what: 'keys',
      keys: [{ kid: 'k1', state }],
    });
    expect(found(later(lossy, list(OTHER_FRONT, 'active')))).toEqual([]);
    expect(found(later(lossy, list(undefined, 'active')))).toEqual(['P6']);
  });

  it('lets a front that is cut off accept until it must have noticed, and what it is asked then once it is back', () => {
    const told = { front: OTHER_FRONT, valid: true, token: token(4, 'k2') };
    const cut = impaired('cut', 140, 12_140);
    expect(found(later(cut, verify(6_140, 4, told), verify(12_139, 4, told)))).toEqual([]);
  });

  it('lets one PIN be rejected in each fault', () => {
    const next = [fault(131, 132), issue(140, 6, 'k2'), { ...issue(141, 7, 'k2'), front: OTHER_FRONT }];
    const rejected = [rejectedPin(75), { ...rejectedPin(131), front: OTHER_FRONT }];
    expect(found(later(...next, ...rejected), recordedLater([6, 7]))).toEqual([]);
  });

  it('gives a front more time where it had to be started again', () => {
    const again = { ...ended('serving', 'database.taken', 131), front: OTHER_FRONT };
    expect(found([...recovered(10_001), again], recordedLater([6, 7]))).toEqual([]);
    expect(found(recovered(10_000), recordedLater([6, 7]))).toEqual([]);
  });

  it('asks nobody to tell of events while no front is well', () => {
    const outage = [
      fault(135, 30_140),
      { ...impaired('cut', 135, 30_140), front: 'front 1' },
      impaired('cut', 135, 30_140),
      issue(30_150, 6, 'k2'),
      { ...issue(30_150, 7, 'k2'), front: OTHER_FRONT },
    ];
    const { groups, rows } = recordedLater([6, 7]);
    const late = { groups, rows, notified: [notified(1, { at: 1_149 })] };
    expect(found(later(...outage), dumpWith(late))).toEqual([]);
    expect(found(later(...outage), dumpWith({ ...late, notified: [], takenAt: 50_139 }))).toEqual([]);
    expect(found(later(...outage), dumpWith({ ...late, notified: [], takenAt: 50_141 }))).toEqual(['P12']);
  });

  it('lets a front tell an event again, and another one after a fault', () => {
    const [first, other] = [notified(1), notified(1, { front: OTHER_FRONT })];
    expect(found(soundHistory(), dumpWith({ notified: [first, first, other] }))).toEqual([]);
    const later = {
      raised: [{ sequence: 1, at: 1_200 }],
      notified: [1, 1].map((n) => notified(n, { at: 1_200 })),
    };
    expect(found(soundHistory(), dumpWith(later))).toEqual([]);
    expect(found([...soundHistory(), impaired('frozen', 100_000, 105_000)], toldByTwo())).toEqual([]);
  });

  it('minds no front that fails to start, or ends because its place is taken', () => {
    const history = later(ended('starting', 'Error: …', 140), ended('serving', 'database.taken', 140));
    expect(found(history)).toEqual([]);
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
