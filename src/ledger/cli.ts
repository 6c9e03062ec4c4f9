import { instantOrSeconds, wholeNumber } from '../cli/arguments.ts';
import { type Noun, required } from '../cli/verb.ts';

export const LEDGER: Noun = {
  name: 'ledger',
  description: 'records of issued tokens',
  verbs: [
    {
      name: 'find',
      description: 'records that every option given fits, in the order of issue; --json prints JSON Lines',
      options: [
        ['--jti <id>', 'of one token'],
        ['--kid <kid>', 'signed with this key'],
        ['--client <id>', 'issued to this client'],
        ['--subject <subject>', 'of this subject, also where it is kept hashed'],
        ['--root <event>', 'from this root event, such as one sign-in'],
        ['--scope <id>', 'of this scope'],
        [
          '--from <when>',
          'issued then or later: a day, a moment such as 2026-12-01T08:00Z, or seconds since the epoch',
          instantOrSeconds,
        ],
        ['--to <when>', 'issued then or before; a day is its midnight, UTC', instantOrSeconds],
        ['--after <record>', 'go on behind this one, as the list before says', wholeNumber],
        ['--limit <count>', 'at most so many (default: all)', wholeNumber],
      ],
      examples: [
        'keyward ledger find --subject user-1',
        'keyward ledger find --client checkout --from "2026-11-23 03:00:00Z" --to 2026-11-23T03:59:59Z',
        'keyward ledger find --kid NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs --from 1760000000 --json',
      ],
      load: async () => (await import('./cli-output.ts')).ledgerFind,
    },
    {
      name: 'erase',
      description:
        'permanently erase what is kept of a subject; two persons while an event or a report about it is open',
      options: [required('--subject <subject>', '`sub` of the tokens')],
      examples: ['keyward ledger erase --subject user-1'],
      load: async () => (await import('./cli-output.ts')).ledgerErase,
    },
  ],
};
