import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { chainFaultsIn } from '../support/ledger-chain.ts';
import { type RunningService, startService } from '../support/running-service.ts';

let service: RunningService;
let clients: { sign: string; verify: string };
beforeAll(async () => {
  service = await startService();
  clients = await service.provision({
    id: 'payments',
    policy: { root_claim: 'txn', record_subject: 'hashed' },
  });
});
afterAll(() => service.remove());

const issue = async (claims: object): Promise<string> => {
  const { body } = await service.data('POST', '/v1/scopes/payments/tokens', clients.sign, { claims });
  return body.token;
};
const digestOf = (token: string) =>
  createHash('sha256')
    .update(token.slice(0, token.lastIndexOf('.')))
    .digest('base64url');
const verify = async (token: string) =>
  (await service.data('POST', '/v1/scopes/payments/verify', clients.verify, { token })).body;
const find = async (query: string) => (await service.operations('GET', `/v1/admin/ledger?${query}`)).body;
const file = () => join(service.hsm.folder, 'keyward.db');

it('knows what was issued, finds it by root event and subject, and erases the subject', async () => {
  const tokens = await Promise.all([
    issue({ sub: 'alice', txn: 'sign-in-1' }),
    issue({ sub: 'alice', txn: 'sign-in-2' }),
    issue({ sub: 'bob', txn: 'sign-in-1' }),
  ]);
  const unknown = createHash('sha256').update('never').digest('base64url');
  const sightings = [
    ...tokens.map((token) => ({ digest: digestOf(token), iat: decodeJwt(token).iat })),
    { digest: unknown, iat: 1_800_000_000 },
  ];
  const reported = await service.data('POST', '/v1/scopes/payments/sightings', clients.verify, { sightings });
  expect(reported.body).toEqual({ unknown: [unknown] });

  const fromSignIn = await find('root=sign-in-1');
  expect(fromSignIn.records.map(({ digest }: { digest: string }) => digest).sort()).toEqual(
    [tokens[0], tokens[2]].map((token) => digestOf(token as string)).sort(),
  );
  expect((await find('subject=alice')).records).toHaveLength(2);

  const erased = await service.operations('POST', '/v1/admin/ledger/erase', { subject: 'alice' });
  expect(erased.body).toEqual({ records: 2, security_events: 0, reports: 0 });
  expect((await find('subject=alice')).records).toEqual([]);
  expect((await find('')).records.map(({ erased }: { erased: boolean }) => erased).sort()).toEqual([
    false,
    true,
    true,
  ]);
  for (const token of tokens) expect(await verify(token)).toMatchObject({ valid: true });
  expect(chainFaultsIn(file())).toEqual({ faults: [], uncovered: 0 });
});

it('goes on with the chain after a restart', async () => {
  service = await service.restart();
  const token = await issue({ sub: 'carol' });
  expect(await verify(token)).toMatchObject({ valid: true });
  expect(chainFaultsIn(file())).toEqual({ faults: [], uncovered: 0 });
});
