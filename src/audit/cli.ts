import { wholeNumber } from '../cli/arguments.ts';
import { type Noun, required } from '../cli/verb.ts';

export const AUDIT: Noun = {
  name: 'audit',
  description: 'the audit trail: verify, copy, export, follow, accept a restore, confirm',
  verbs: [
    {
      name: 'verify',
      description: 'recompute every chain, check every checkpoint, and name what does not hold',
      options: [
        ['--database <file>', 'this database (default: the configured one)'],
        [
          '--archive-dir <dir>',
          'of --database: folder of the ledger archive (default: ledger-archive beside it)',
        ],
        ['--file <file>', 'an export or the file of a sink with its rotated ones, instead of a database'],
        [
          '--audit-key <key>',
          'thumbprint of the audit key, or a file with its JWK (default: the configuration’s)',
        ],
        ['--checkpoint <files...>', 'checkpoints that somebody kept: all must be there'],
        ['--no-sinks', 'do not hold the database against the files of the configured sinks'],
      ],
      examples: [
        'keyward audit verify',
        'keyward audit verify --checkpoint audit.jsonl kept/checkpoint-of-monday.json',
        'keyward audit verify --file audit-2026-06.jsonl --audit-key NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
      ],
      load: async () => (await import('../audit-verify/cli-output.ts')).auditVerify,
    },
    {
      name: 'copy',
      description:
        'copy a PostgreSQL database, as it is at one moment, into a SQLite file that verify and export read',
      operands: [['<file>', 'the database to make (0600)']],
      note: `
It reads beside a running service, whose sinks have more than the copy by the
time it is verified: --no-sinks. The ledger archive is files already: name its
folder with --archive-dir. The copy holds what the database holds, personal
values too: remove it once it was verified.
`,
      examples: [
        'keyward audit copy /var/tmp/keyward.db',
        'keyward audit verify --database /var/tmp/keyward.db --archive-dir /var/lib/keyward/ledger-archive --no-sinks',
      ],
      load: async () => (await import('../audit-verify/cli-output.ts')).auditCopy,
    },
    {
      name: 'export',
      description: 'write the trail of the database as JSON Lines, without personal values',
      options: [
        ['--database <file>', 'this database (default: the configured one)'],
        [
          '--archive-dir <dir>',
          'of --database: folder of the ledger archive (default: ledger-archive beside it)',
        ],
        ['--ledger', 'with the chain of the ledger: 43 characters a record'],
        ['--out <file>', 'into this new file, 0600 (default: standard output)'],
      ],
      examples: [
        'keyward audit export --ledger --out audit-2026-06.jsonl',
        'keyward audit export --database /var/tmp/keyward.db --out audit-2026-06.jsonl',
      ],
      load: async () => (await import('./cli-output.ts')).auditExport,
    },
    {
      name: 'accept-restore',
      description:
        'go on with a database that was put back from an older copy: what is lost is lost; takes two',
      options: [required('--reason <text>', 'why the newer database is gone, for the audit trail')],
      examples: ['keyward audit accept-restore --reason "disk of host a failed"'],
      load: async () => (await import('../restore/cli-output.ts')).auditAcceptRestore,
    },
    {
      name: 'unwitnessed',
      description: 'list audit events that nothing but the database vouches for',
      examples: ['keyward audit unwitnessed'],
      load: async () => (await import('./cli-output.ts')).auditUnwitnessed,
    },
    {
      name: 'confirm-unwitnessed',
      description: 'have these events count as what they say; takes two',
      options: [required('--reason <text>', 'how you know that the service wrote them, for the audit trail')],
      examples: ['keyward audit confirm-unwitnessed --reason "the HSM was away, the log has them"'],
      load: async () => (await import('./cli-output.ts')).auditConfirmUnwitnessed,
    },
    {
      name: 'tail',
      description: 'show events as they come; Ctrl-C ends it',
      options: [
        ['--after <sequence>', 'begin behind this event (default: the last ten are shown)', wholeNumber],
        ['--no-follow', 'end with the newest event'],
      ],
      examples: ['keyward audit tail', 'keyward audit tail --after 0 --no-follow --json'],
      load: async () => (await import('./cli-output.ts')).auditTail,
    },
  ],
};
