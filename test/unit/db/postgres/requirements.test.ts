import { expect, it } from 'vitest';
import { readFacts, type ServerFacts, unmetRequirements } from '../../../../src/db/postgres/requirements.ts';
import type { PostgresSession } from '../../../../src/db/postgres/session.ts';

const FIT: ServerFacts = {
  product: 'PostgreSQL 17.5 on x86_64-pc-linux-gnu',
  version: 170_005,
  holdsLocks: true,
  isPooled: false,
  seesStandbys: true,
  standbyNames: 'ANY 1 (a, b)',
  inSync: 2,
};

it('CockroachDB is refused by its name, before it is asked anything else', async () => {
  const product = 'CockroachDB CCL v23.2.0 (x86_64-pc-linux-gnu)';
  const asked: string[] = [];
  const query = async (text: string) => {
    asked.push(text);
    return { rows: [{ product, version: 130_000 }], changes: 0, command: 'SELECT', notices: [] };
  };
  const facts = await readFacts({ query } as unknown as PostgresSession);
  expect(asked).toHaveLength(1);
  expect(unmetRequirements(facts, { mode: 'single' })).toEqual([`${product} is not PostgreSQL`]);
});

it.each<[Partial<ServerFacts>, string]>([
  [{ holdsLocks: false }, 'its advisory locks hold nothing'],
  [{ isPooled: true }, 'a pooler lends the session: name the server itself in control_url_file'],
  [{ version: 140_012 }, 'PostgreSQL 15 or newer is needed'],
])('%o is refused in either mode', (facts, reason) => {
  for (const durability of [{ mode: 'single' }, { mode: 'replicated', copies: 2 }] as const)
    expect(unmetRequirements({ ...FIT, ...facts }, durability)).toEqual([reason]);
  expect(unmetRequirements(FIT, { mode: 'replicated', copies: 2 })).toEqual([]);
});
