import type { Dump, Notified } from '../../../../scripts/history/dump.ts';
import type { Fault, Issue, Operation, TokenFacts, Verify } from '../../../../scripts/history/record.ts';
import { AUDIT_GENESIS, auditEventHash } from '../../../../src/kernel/audit-chain.ts';
import {
  CHAIN_START,
  groupHash,
  type LedgerGroup,
  type PlacedRow,
  rowHashes,
} from '../../../../src/kernel/ledger-chain.ts';

type Answered = Pick<Issue, 'client' | 'front' | 'asked' | 'answered' | 'outcome'>;

export const [FRONT, OTHER_FRONT] = ['front 1', 'front 2'];

export const at = (asked: number, client = 'c'): Answered => ({
  client,
  front: FRONT,
  asked,
  answered: asked + 5,
  outcome: 'ok',
});

export const token = (n: number, kid = 'k1'): TokenFacts => ({
  digest: Buffer.alloc(32, n).toString('base64url'),
  jti: `jti-${n}`,
  kid,
  exp: 2_000,
});

export const issue = (asked: number, n: number, kid?: string): Issue => ({
  ...at(asked),
  what: 'issue',
  token: token(n, kid),
});

export const verify = (asked: number, n: number, told: Partial<Verify> = { valid: true }): Verify => ({
  ...at(asked),
  what: 'verify',
  token: token(n),
  forged: false,
  ...told,
});

export const fault = (asked: number, answered: number, told: Partial<Fault> = {}): Fault => ({
  client: 'faults',
  asked,
  answered,
  outcome: 'ok',
  what: 'fault',
  name: 'cut',
  loses: false,
  fronts: [FRONT, OTHER_FRONT],
  ...told,
});

const FORGED = 99;

/** Five tokens of two fronts in three groups, the second revoked, the key of all but the last compromised; a forgery, and a fault. */
export function soundHistory(): Operation[] {
  return [
    {
      ...at(0),
      what: 'keys',
      keys: [
        { kid: 'k1', state: 'active' },
        { kid: 'k2', state: 'pre_activation' },
      ],
    },
    issue(10, 1),
    issue(20, 2),
    verify(30, 1),
    { ...at(40), what: 'revoke', jti: 'jti-2' },
    verify(50, 2, { valid: false, reason: 'revoked' }),
    verify(60, FORGED, { forged: true, valid: false, reason: 'never_issued' }),
    { ...at(70), answered: 80, what: 'impaired', how: 'disturbed' },
    fault(70, 80),
    issue(90, 3),
    { ...issue(90, 5), front: OTHER_FRONT },
    { ...at(100), what: 'compromise', kid: 'k1' },
    issue(110, 4, 'k2'),
    verify(120, 1, { valid: false, reason: 'key_compromised' }),
    {
      ...at(130),
      what: 'keys',
      keys: [
        { kid: 'k1', state: 'compromised' },
        { kid: 'k2', state: 'active' },
      ],
    },
  ];
}

export function soundDump(): Dump {
  const first = groupOf(undefined, [row(1, 1, 'k1'), row(2, 2, 'k1')]);
  const second = groupOf(first.group, [row(3, 3, 'k1'), row(4, 5, 'k1')]);
  const third = groupOf(second.group, [row(5, 4, 'k2')]);
  const events = chained(['key.activated', 'token.revoked', 'key.compromised']);
  return {
    groups: [first.group, second.group, third.group],
    rows: [...first.rows, ...second.rows, ...third.rows],
    events,
    commits: { groups: numbered(20_000, 95_000, 115_000), events: numbered(1_000, 45_000, 105_000) },
    raised: [{ sequence: 1, at: 1_100 }],
    notified: [notified(1)],
    takenAt: 140,
    clockStart: 1_099_900,
    keys: [
      { kid: 'k1', state: 'compromised' },
      { kid: 'k2', state: 'active' },
    ],
    toldForgeries: [token(FORGED).digest],
    toldBreaks: [],
    sinks: [FRONT, OTHER_FRONT].map((front, at) => ({ front, entries: events.slice(0, 2 + at) })),
  };
}

export function notified(sequence: number, told: Partial<Notified> = {}): Notified {
  return { front: FRONT, id: `message-${sequence}`, sequence, at: 1_100, ...told };
}

/** By their places, from 1 on. */
export function numbered(...values: readonly number[]): ReadonlyMap<number, number> {
  return new Map(values.map((value, index) => [index + 1, value]));
}

export function row(sequence: number, n: number, kid: string): PlacedRow {
  const { digest, jti, exp } = token(n, kid);
  return {
    sequence,
    groupSequence: 0,
    digest: Buffer.from(digest, 'base64url'),
    scopeId: 'payments',
    kid,
    jti,
    clientId: 'client',
    subject: null,
    root: null,
    traceId: null,
    iat: exp - 900,
    exp,
    salt: Buffer.alloc(16),
    subjectCommitment: null,
    rootCommitment: null,
  };
}

/** Sealed as the service does it. */
export function groupOf(before: LedgerGroup | undefined, rows: readonly PlacedRow[]) {
  const sequence = (before?.sequence ?? 0) + 1;
  const previousHash = before?.groupHash ?? CHAIN_START;
  const committedAt = 1_100;
  const own = rows.map((each) => ({ ...each, groupSequence: sequence }));
  const hash = groupHash({ sequence, previousHash, committedAt }, rowHashes(own));
  const firstRecord = own[0]?.sequence ?? 1;
  const group: LedgerGroup = {
    sequence,
    firstRecord,
    rowCount: own.length,
    committedAt,
    previousHash,
    groupHash: hash,
  };
  return { group, rows: own };
}

function chained(types: readonly string[]): Dump['events'] {
  let previous = AUDIT_GENESIS.hash;
  return types.map((type, index) => {
    const texts = { type, actor: 'keyward', subject: 'key:k1', detailsJson: '{}' };
    const event = { sequence: index + 1, time: 1_100, ...texts, requestId: null, traceId: null };
    previous = auditEventHash(previous, event);
    return { ...event, hash: previous };
  });
}
