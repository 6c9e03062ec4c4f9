import type { Verbs } from '../cli/verb.ts';

export const BACKUP: Verbs = [
  {
    name: 'backup',
    description:
      'copy database and ledger archive into a new folder, beside a running service, and verify the copy',
    operands: [['<dir>', 'the folder to make (0700); it may exist if it is empty']],
    note: `
It holds no key and no PIN, and neither the configuration nor the files of the
audit sinks. It does hold personal values, and which tokens and credentials are
canaries: keep it as you keep the database.
`,
    examples: ['keyward backup /backup/keyward-2026-11-30', 'keyward backup /backup/today --json'],
    load: async () => (await import('./cli-output.ts')).backup,
  },
  {
    name: 'restore',
    description: 'put a backup in the place of the database, while the service is stopped',
    operands: [['<dir>', 'the folder of the backup']],
    options: [['--replace', 'put a database that is there aside, also a newer one']],
    note: `
Where an audit sink or the signer has seen more than the backup holds, the
service waits at its next start until two operators accept what is lost:
keyward audit accept-restore.
`,
    examples: ['keyward restore /backup/keyward-2026-11-30', 'keyward restore /backup/today --replace'],
    load: async () => (await import('./cli-output.ts')).restore,
  },
];
