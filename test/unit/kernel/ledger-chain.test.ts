import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  CHAIN_START,
  commitmentTo,
  groupHash,
  isCovered,
  isHashOf,
  type LedgerGroup,
  type LedgerRow,
  linkFault,
  type PlacedRow,
  rowHashes,
  rowsFault,
} from '../../../src/kernel/ledger-chain.ts';

const sha256 = (...parts: (string | Uint8Array)[]) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const integer = (value: number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
};
const prefixed = (value: string | Uint8Array) => {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

const salt = Buffer.alloc(16, 7);
const row: LedgerRow = {
  digest: Buffer.alloc(32, 1),
  scopeId: 'payments',
  kid: 'kid-1',
  jti: 'jti-1',
  clientId: 'login',
  subject: 'Ａlice\0😀',
  root: null,
  traceId: Buffer.alloc(16, 3),
  iat: 1_760_000_000,
  exp: 4_294_967_296,
  salt,
  subjectCommitment: null,
  rootCommitment: null,
};
const erased: LedgerRow = {
  ...row,
  subject: null,
  salt: null,
  subjectCommitment: commitmentTo('subject', salt, row.subject),
  rootCommitment: commitmentTo('root', salt, row.root),
};

describe('a row', () => {
  const absent = sha256('keyward-ledger-absent-v1\0');
  const committed = sha256(salt, 'keyward-ledger-subject-v1\0', 'Ａlice\0😀');

  it('hashes over every field behind its length, the personal ones as commitments', () => {
    const texts = [
      row.digest,
      'payments',
      'kid-1',
      'jti-1',
      'login',
      committed,
      absent,
      Buffer.alloc(16, 3),
    ].map(prefixed);
    expect(rowHashes([row])).toEqual(
      sha256('keyward-ledger-row-v1\0', ...texts, integer(row.iat), integer(row.exp)),
    );
  });

  it.each([
    ['none', null, 'ffffffff'],
    ['an empty one', Buffer.alloc(0), 'fffffffe'],
    ['one cut short', Buffer.alloc(15, 3), 'fffffffe'],
    ['one longer than any row', Buffer.alloc(100_000), 'fffffffe'],
  ])('hashes %s with a mark where the length of a trace id stands', (_name, traceId, mark) => {
    const texts = [row.digest, 'payments', 'kid-1', 'jti-1', 'login', committed, absent].map(prefixed);
    const marked = Buffer.from(mark, 'hex');
    expect(rowHashes([{ ...row, traceId }])).toEqual(
      sha256('keyward-ledger-row-v1\0', ...texts, marked, integer(row.iat), integer(row.exp)),
    );
  });

  it('hashes the same once it is erased', () => {
    expect(rowHashes([erased])).toEqual(rowHashes([row]));
  });

  it('commits to no value with a mark of its own, to the empty value with a hash of it', () => {
    expect(commitmentTo('subject', salt, null)).toEqual(absent);
    expect(commitmentTo('root', salt, '')).toEqual(sha256(salt, 'keyward-ledger-root-v1\0'));
  });

  it.each<[string, Partial<LedgerRow>]>([
    ['digest', { digest: Buffer.alloc(32, 2) }],
    ['scope', { scopeId: 'payment' }],
    ['kid', { kid: 'kid-2' }],
    ['jti', { jti: 'jti-2' }],
    ['client', { clientId: 'logon' }],
    ['a border between two fields', { scopeId: 'paymentsk', kid: 'id-1' }],
    ['subject', { subject: 'bob' }],
    ['root', { root: 'sign-in' }],
    ['subject and root swapped', { subject: row.root, root: row.subject }],
    ['iat', { iat: row.iat + 1 }],
    ['exp', { exp: row.exp - 1 }],
    ['salt', { salt: Buffer.alloc(16, 8) }],
    ['a commitment beside the salt', { subjectCommitment: erased.subjectCommitment }],
    ['salt gone without commitments', { salt: null }],
    ['a value put beside the commitment', { ...erased, subject: 'Ａlice\0😀' }],
    ['another commitment', { ...erased, subjectCommitment: Buffer.alloc(32) }],
  ])('hashes otherwise when changed in: %s', (_, change) => {
    expect(rowHashes([{ ...row, ...change }])).not.toEqual(rowHashes([row]));
  });

  it('takes values longer than any buffer held ready', () => {
    const long = { ...row, subject: '😀'.repeat(50_000) };
    const commitment = sha256(salt, 'keyward-ledger-subject-v1\0', long.subject);
    expect(commitmentTo('subject', salt, long.subject)).toEqual(commitment);
    expect(rowHashes([long])).toEqual(rowHashes([{ ...erased, subjectCommitment: commitment }]));
  });
});

describe('a group', () => {
  const placed = (sequence: number): PlacedRow => ({
    ...row,
    jti: `jti-${sequence}`,
    sequence,
    groupSequence: 2,
  });
  const rows = [placed(4), placed(5)];
  const first: LedgerGroup = {
    sequence: 1,
    firstRecord: 1,
    rowCount: 3,
    committedAt: 1_760_000_000,
    previousHash: CHAIN_START,
    groupHash: Buffer.alloc(32, 9),
  };
  const head = { sequence: 2, committedAt: 1_760_000_001, previousHash: first.groupHash };
  const group: LedgerGroup = {
    ...head,
    firstRecord: 4,
    rowCount: 2,
    groupHash: groupHash(head, rowHashes(rows)),
  };

  it('hashes over what was before, its place, size, time and rows', () => {
    expect(group.groupHash).toEqual(
      sha256(
        'keyward-ledger-group-v1\0',
        first.groupHash,
        integer(2),
        integer(2),
        integer(1_760_000_001),
        rowHashes([placed(4)]),
        rowHashes([placed(5)]),
      ),
    );
  });

  it('follows the group before it', () => {
    expect([linkFault(first, undefined), linkFault(group, first)]).toEqual([undefined, undefined]);
  });

  it.each<[string, Partial<LedgerGroup>]>([
    ['sequence', { sequence: 3 }],
    ['previous_hash', { previousHash: CHAIN_START }],
    ['first_record', { firstRecord: 5 }],
  ])('does not follow with another %s', (fault, change) => {
    expect(linkFault({ ...group, ...change }, first)).toBe(fault);
  });

  it('does not follow where groups are missing before it', () => {
    expect(linkFault(group, undefined)).toBe('sequence');
  });

  it('covers its rows', () => {
    expect(rowsFault(group, rows)).toBeUndefined();
  });

  it.each<[string, readonly PlacedRow[]]>([
    ['row_count', [placed(4)]],
    ['row_count', [...rows, placed(6)]],
    ['row_place', [placed(5), placed(4)]],
    ['row_place', [placed(4), { ...placed(5), groupSequence: 1 }]],
    [
      'group_hash',
      [
        { ...placed(4), jti: 'jti-5' },
        { ...placed(5), jti: 'jti-4' },
      ],
    ],
    ['group_hash', [placed(4), { ...placed(5), exp: 1 }]],
  ])('does not cover others: %s', (fault, others) => {
    expect(rowsFault(group, others)).toBe(fault);
  });

  it.each<[string, PlacedRow, Uint8Array]>([
    ['changed', { ...placed(4), exp: 1 }, rowHashes(rows)],
    ['of another group', { ...placed(4), groupSequence: 1 }, rowHashes(rows)],
    ['before it', placed(3), rowHashes(rows)],
    ['behind it', placed(6), rowHashes(rows)],
    ['whose hash was put among the others', placed(6), rowHashes([placed(4), placed(6)])],
  ])('does not cover a row %s', (_, other, hashes) => {
    expect(isCovered(other, group, hashes)).toBe(false);
  });

  it('is given by the hashes of all its rows, and by no fewer or others', () => {
    expect(isHashOf(group, rowHashes(rows))).toBe(true);
    expect(isHashOf(group, rowHashes([placed(4)]))).toBe(false);
    expect(isHashOf(group, rowHashes([placed(4), placed(6)]))).toBe(false);
  });

  it('covers each of its rows by the hashes of all', () => {
    expect(rows.map((one) => isCovered(one, group, rowHashes(rows)))).toEqual([true, true]);
  });
});
