import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { filesOfSink } from '../../src/audit/sink-files.ts';
import { query } from '../../test/support/store-database.ts';

/** The events of the trail that none of the sink's files has to the letter, and how many there are in all. */
export function compareWithTrail(
  sinkFile: string,
  databaseFile: string,
): { events: number; missing: number[] } {
  const kept = new Set<string>();
  for (const file of filesOfSink(sinkFile)) {
    for (const line of unpacked(file).split('\n')) {
      const { event } = line === '' ? {} : JSON.parse(line);
      if (event) kept.add(`${event.sequence} ${event.hash}`);
    }
  }
  const events = query(databaseFile, 'SELECT sequence, hash FROM audit_events ORDER BY sequence').map(
    (row) => ({
      sequence: Number(row.sequence),
      hash: Buffer.from(row.hash as Uint8Array).toString('base64url'),
    }),
  );
  const missing = events.filter(({ sequence, hash }) => !kept.has(`${sequence} ${hash}`));
  return { events: events.length, missing: missing.map(({ sequence }) => sequence) };
}

function unpacked(file: string): string {
  const bytes = readFileSync(file);
  return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
}
