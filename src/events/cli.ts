import { InvalidArgumentError, Option } from 'commander';
import { instantOrSeconds, paging, wholeNumber } from '../cli/arguments.ts';
import { type Noun, required } from '../cli/verb.ts';
import { SECURITY_EVENT_TYPES, SEVERITIES } from '../kernel/security-event-types.ts';
import { EVENT_STATES } from '../kernel/security-events.ts';
import { didYouMean } from '../lib/did-you-mean.ts';

/** A newer service may have others: what is like none of those known here is for the service to judge. */
function eventTypeNamed(text: string): string {
  const known: readonly string[] = SECURITY_EVENT_TYPES;
  const meant = known.includes(text) ? undefined : didYouMean(text, known);
  if (meant === undefined) return text;
  throw new InvalidArgumentError(`There is no such type; did you mean ${meant}?`);
}

const NUMBER = ['<event>', 'its number, the first column of: keyward event list', wholeNumber] as const;

export const EVENT: Noun = {
  name: 'event',
  description: 'security events, and what people do about them',
  verbs: [
    {
      name: 'list',
      description: 'what detections found, the newest first; --json shows the evidence',
      options: [
        new Option('--state <state>', 'in this state').choices(EVENT_STATES),
        new Option('--severity <severity>', 'of this severity').choices(SEVERITIES),
        ['--type <type>', 'of this type, such as token.never_issued', eventTypeNamed],
        ['--scope <id>', 'about this scope, or about a key of it'],
        [
          '--from <when>',
          'raised then or later: a day, a moment such as 2026-12-01T08:00Z, or seconds since the epoch',
          instantOrSeconds,
        ],
        ['--to <when>', 'raised then or before; a day is its midnight, UTC', instantOrSeconds],
        ...paging('event', wholeNumber),
      ],
      examples: [
        'keyward event list',
        'keyward event list --state open --severity critical --from 2026-11-23 --json',
      ],
      load: async () => (await import('./cli-output.ts')).eventList,
    },
    {
      name: 'show',
      description: 'one event: what it means, its evidence, its runbook, and who did what about it',
      operands: [NUMBER],
      examples: ['keyward event show 17', 'keyward event show 17 --json'],
      load: async () => (await import('./cli-output.ts')).eventShow,
    },
    {
      name: 'acknowledge',
      description: 'take an event up, so that nobody else is called for it',
      operands: [NUMBER],
      options: [['--note <text>', 'for the audit trail: name no person in it']],
      examples: ['keyward event acknowledge 17 --note "looking at it"'],
      load: async () => (await import('./cli-output.ts')).eventStep('acknowledge'),
    },
    {
      name: 'resolve',
      description: 'resolve an event permanently',
      operands: [NUMBER],
      options: [required('--note <text>', 'what it was, for the audit trail: name no person in it')],
      examples: ['keyward event resolve 17 --note "the key was destroyed by hand, as planned"'],
      load: async () => (await import('./cli-output.ts')).eventStep('resolve'),
    },
  ],
};
