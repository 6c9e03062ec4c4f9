// A process that records without end and says which records it was told are durable: to be killed at any moment.
import { parseArgs } from 'node:util';
import { openStore } from '../../src/db/open-store.ts';
import { issuanceRecord } from './issuance-records.ts';

const RECORDERS = 32;
const { positionals } = parseArgs({ allowPositionals: true });
const [file = '', first = '0'] = positionals;
const clock = { nowSeconds: () => Math.floor(Date.now() / 1000) };
const store = await openStore({
  database: { file },
  archiveDir: `${file}-archive`,
  queueLimit: 1_000,
  clock,
  onEvent: () => undefined,
});

let next = Number(first);
await Promise.all(Array.from({ length: RECORDERS }, recordForever));

async function recordForever(): Promise<never> {
  for (;;) {
    const record = issuanceRecord(next++);
    await store.records.append(record);
    process.stdout.write(`${record.jti}\n`);
  }
}
