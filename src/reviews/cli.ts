import { type Noun, required } from '../cli/verb.ts';

export const REVIEW: Noun = {
  name: 'review',
  description: 'what a person should look at, and that somebody did',
  verbs: [
    {
      name: 'show',
      description:
        'everything since the last review that was signed off: without a word, this is what review does',
      isDefault: true,
      examples: ['keyward review', 'keyward review show --json > review.json'],
      load: async () => (await import('./cli-output.ts')).reviewShow,
    },
    {
      name: 'sign-off',
      description: 'sign off what was shown to you last; role auditor or operator',
      options: [
        required('--note <text>', 'what you found; it stays in the audit trail'),
        ['--digest <digest>', 'what was shown to you under this digest (default: what was shown last)'],
      ],
      examples: ['keyward review sign-off --note "the new client is the shop’s; else nothing"'],
      load: async () => (await import('./cli-output.ts')).reviewSignOff,
    },
    {
      name: 'list',
      description: 'reviews that were signed off, and when the next is overdue',
      examples: ['keyward review list', 'keyward review list --json'],
      load: async () => (await import('./cli-output.ts')).reviewList,
    },
  ],
};
