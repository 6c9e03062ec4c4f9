import { instantOrSeconds, paging, wholeNumber } from '../cli/arguments.ts';
import type { Verbs } from '../cli/verb.ts';

export const REVOKE: Verbs = [
  {
    name: 'revoke',
    description: 'revoke tokens immediately and permanently: those that match every option given',
    options: [
      ['--jti <id>', 'one token'],
      ['--root <event>', 'every token of that root event, those yet to come included'],
      ['--client <id>', 'every token issued to that client until now, or until --until'],
      ['--scope <id>', 'of this scope only'],
      [
        '--from <when>',
        'issued then or later: a day, a moment such as 2026-12-01T08:00Z, or seconds since the epoch',
        instantOrSeconds,
      ],
      ['--until <when>', 'issued then or before; a day is its midnight, UTC', instantOrSeconds],
      ['--reason <text>', 'why, for the audit trail'],
    ],
    examples: [
      'keyward revoke --jti b1mlLCdsGzQ5Sw1f9aYOMA --scope payments',
      'keyward revoke --client checkout --reason "credential found in a repository"',
      'keyward revoke --scope payments --from 1760000000 --until 1760003600',
    ],
    load: async () => (await import('./cli-output.ts')).revoke,
  },
  {
    name: 'revocation',
    description: 'what is revoked',
    verbs: [
      {
        name: 'list',
        description: 'the rules in force, the newest first',
        options: paging('sequence', wholeNumber),
        examples: ['keyward revocation list', 'keyward revocation list --after 42 --json'],
        load: async () => (await import('./cli-output.ts')).revocationList,
      },
    ],
  },
];
