import { expect, it } from 'vitest';
import { hashedSubject } from '../../../src/kernel/policy.ts';
import { securityEvent } from '../../../src/kernel/security-events.ts';
import { issuanceRecord } from '../../support/issuance-records.ts';
import { openTestStore } from '../../support/open-test-store.ts';
import { ALICE } from '../../support/registry-samples.ts';

const DAY = 86_400;
const DUE = { committedBefore: 1_760_000_000 + DAY + 1, expiredBefore: 1_760_000_000 + DAY };
const NOTHING = { events: [], reports: [] };
const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');

/** Tokens 0 of mallory, 1 of bob, 2 of mallory by the digest of the name. */
async function recorded() {
  const { store, reports } = await openTestStore();
  const subjects = ['mallory', 'bob', hashedSubject('mallory')];
  for (const [n, subject] of subjects.entries()) {
    await store.records.append(issuanceRecord(n, { subject, root: null }));
  }
  const { securityEvents: events, ledger } = store;
  return {
    store,
    events,
    openAbout: (subject: string) => ledger.erasure.openAbout(subject),
    digest: (n: number) => base64url(issuanceRecord(n).digest),
    file: (number: string, digest: Buffer | null, contact: string | null) =>
      reports.file({
        number,
        scopeId: 'mail',
        digest,
        suspicion: { text: 'odd', contact },
        requestId: 'r-1',
      }),
    close: (number: string) => reports.close(number, 'harmless', 'seen', ALICE),
    archive: async () => {
      await ledger.archives.seal(DUE);
      for (let dropped = 1; dropped > 0; ) dropped = await ledger.archives.drop();
    },
  };
}

const forged = (digest: string, sub?: string) =>
  securityEvent('token.never_issued', {
    scope: 'mail',
    kid: 'kid-1',
    digest,
    header: {},
    claims: sub === undefined ? {} : { sub },
    record: null,
  });

const leaked = (digest: string) =>
  securityEvent('credential.leaked', {
    leaked: 'token',
    holder: null,
    scope: 'mail',
    scopes: ['mail'],
    kid: 'kid-1',
    leaked_digest: digest,
    since: null,
    leaked_at: 'a paste',
    source: 'scan',
    reported_by: 'ada',
    reporter: 'operator',
    withdrawn: true,
  });

it('is nothing where no event and no case is open', async () => {
  const { openAbout } = await recorded();
  expect(await openAbout('mallory')).toEqual(NOTHING);
});

it('is an event whose evidence names the subject, until it is resolved', async () => {
  const { events, openAbout } = await recorded();
  await events.raise(forged('A'.repeat(43), 'mallory'));
  await events.acknowledge(1, null, ALICE);
  expect(await openAbout('mallory')).toEqual({ events: [1], reports: [] });
  expect(await openAbout('bob')).toEqual(NOTHING);
  await events.resolve(1, 'seen', ALICE);
  expect(await openAbout('mallory')).toEqual(NOTHING);
});

it.each([
  ['a token of the subject', 0, forged],
  ['a token recorded by the digest of the subject', 2, forged],
  ['a token of the subject that leaked', 0, leaked],
])('is an event about %s, also once the record is in an archive', async (_, n, about) => {
  const { events, openAbout, digest, archive } = await recorded();
  await events.raise(about(digest(n)));
  expect(await openAbout('mallory')).toEqual({ events: [1], reports: [] });
  expect(await openAbout('bob')).toEqual(NOTHING);
  await archive();
  expect(await openAbout('mallory')).toEqual({ events: [1], reports: [] });
});

it('is a case by the contact, or about a token, of the subject, until it is closed', async () => {
  const { openAbout, file, close } = await recorded();
  await file('0000-0001', null, ' Mallory ');
  await file('0000-0002', issuanceRecord(0).digest, null);
  await file('0000-0003', issuanceRecord(1).digest, 'bob');
  expect(await openAbout('mallory')).toEqual({ events: [], reports: ['0000-0001', '0000-0002'] });
  await close('0000-0001');
  await close('0000-0002');
  expect(await openAbout('mallory')).toEqual(NOTHING);
  expect(await openAbout('bob')).toEqual({ events: [], reports: ['0000-0003'] });
});
