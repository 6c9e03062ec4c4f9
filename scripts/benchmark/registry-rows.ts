// How long the registry takes to be signed for the first time, to be verified at a start, and to be changed:
// node scripts/benchmark/registry-rows.ts [rows]. Signs in memory: the HSM's own time comes on top.
import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createRegistrySeal } from '../../src/keys/registry-seal.ts';
import { openStore, type Store } from '../../src/store/open-store.ts';

const rows = Number(process.argv[2] ?? 10_000);
const folder = mkdtempSync(join(tmpdir(), 'keyward-bench-'));
const file = join(folder, 'keyward.db');
const clock = { nowSeconds: () => Math.floor(Date.now() / 1000) };
const actor = { operatorId: 'bench', requestId: null };
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const seal = createRegistrySeal({
  kid: 'A'.repeat(43),
  publicKey,
  sign: async (signingInput) => {
    const signature = sign('sha256', Buffer.from(signingInput), {
      key: privateKey,
      dsaEncoding: 'ieee-p1363',
    });
    return `${signingInput}.${signature.toString('base64url')}`;
  },
});

await opened(() => Promise.resolve());
insertClients();
await opened((store) => timed(`sign ${rows} rows`, () => store.openRegistry({ seal, mayTakeOver: true })));
await opened(async (store) => {
  await timed(`verify ${rows} rows`, () => store.openRegistry({ seal, mayTakeOver: false }));
  await timed('100 changes', async () => {
    for (let n = 0; n < 100; n += 1)
      await store.access.revokeClient(`client-${n}`, clock.nowSeconds(), actor);
  });
});
rmSync(folder, { recursive: true });

async function opened(work: (store: Store) => Promise<unknown>): Promise<void> {
  const store = await openStore({ file, queueLimit: 1_000, clock, onEvent: () => {} });
  await work(store);
  await store.close();
}

/** As a version without signatures left them. */
function insertClients(): void {
  const db = new DatabaseSync(file);
  const insert = db.prepare('INSERT INTO clients (id, description, created_at) VALUES (?, ?, 1)');
  db.exec('BEGIN');
  for (let n = 0; n < rows; n += 1) insert.run(`client-${n}`, 'a client of the bench');
  db.exec('COMMIT');
  db.close();
}

async function timed(what: string, work: () => Promise<unknown>): Promise<void> {
  const start = performance.now();
  await work();
  console.log(`${what}: ${Math.round(performance.now() - start)} ms`);
}
