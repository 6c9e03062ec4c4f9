import { Option } from 'commander';
import { wholeNumber } from '../cli/arguments.ts';
import type { Verbs } from '../cli/verb.ts';

export const MOVING: Verbs = [
  {
    name: 'migrate-store',
    description: 'move the database from SQLite to PostgreSQL or back',
    options: [
      ['--to-url-file <file>', 'file with the connection string (0600) of an empty PostgreSQL database'],
      new Option('--to-file <file>', 'the SQLite database to make').conflicts([
        'toUrlFile',
        'durability',
        'copies',
      ]),
      new Option('--durability <mode>', 'of PostgreSQL, as database.durability')
        .choices(['replicated', 'single'])
        .default('replicated'),
      ['--copies <n>', 'of PostgreSQL, as database.copies', wholeNumber, 1],
      ['--initial-copy', 'copy and verify beside the running service; the move comes later'],
    ],
    note: `
The service is stopped meanwhile. It copies all rows, compares them, verifies
every chain, and says what to change in the configuration. From then on the
former database refuses to start (database_moved). Cut short before that,
nothing has changed; run it again then.

With --initial-copy, as often as you like, most of that is done before, and the
service is stopped for seconds: the command then compares all rows on both
sides, copies those that differ, and verifies what was not the same before.
Until then the target refuses to start (database_incomplete).

The ledger archive, the audit sinks and the HSM stay as they are.
`,
    examples: [
      'keyward migrate-store --to-url-file /etc/keyward/database-url --initial-copy',
      'keyward migrate-store --to-url-file /etc/keyward/database-url',
      'keyward migrate-store --to-file /var/lib/keyward/keyward.db',
    ],
    load: async () => (await import('./cli-output.ts')).migrateStore,
  },
];
