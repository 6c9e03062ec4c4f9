import { Option } from 'commander';
import { paging, wholeNumber } from '../cli/arguments.ts';
import { type Noun, required, type Verb } from '../cli/verb.ts';
import { CASE_OUTCOMES, CASE_STATES } from './case.ts';

const NUMBER = ['<number>', 'the number that the reporter was told'] as const;

type Step = 'take' | 'note' | 'close' | 'erase';

function step(name: Step, description: string, example: string, options: readonly Option[] = []): Verb {
  return {
    name,
    description,
    operands: [NUMBER],
    options,
    examples: [example],
    load: async () => {
      const { changeReport } = await import('./cli-output.ts');
      return (context, number: string, body: object) =>
        changeReport(context, number, name, options.length > 0 ? body : undefined);
    },
  };
}

export const REPORT: Noun = {
  name: 'report',
  description: 'what people report, and what becomes of it',
  verbs: [
    {
      name: 'list',
      description: 'reports, the newest first, without what was written',
      options: [
        new Option('--state <state>', 'in this state').choices(CASE_STATES),
        ['--scope <id>', 'for this scope'],
        ...paging('sequence', wholeNumber),
      ],
      examples: ['keyward report list', 'keyward report list --state open --json'],
      load: async () => (await import('./cli-output.ts')).listReports,
    },
    {
      name: 'show',
      description: 'one report: what was written, what was found out, and who did what about it',
      operands: [NUMBER],
      examples: ['keyward report show 7Q3K-M2XD', 'keyward report show 7Q3K-M2XD --json'],
      load: async () => (await import('./cli-output.ts')).showReport,
    },
    step('take', 'take a case, also from another operator', 'keyward report take 7Q3K-M2XD'),
    step(
      'note',
      'add to a case what was found out',
      'keyward report note 7Q3K-M2XD --note "asked the relying service for its log"',
      [required('--note <text>', 'for the audit trail: name no person in it')],
    ),
    step(
      'close',
      'record the outcome of a report permanently',
      'keyward report close 7Q3K-M2XD --outcome harmless --note "a token of the last rehearsal"',
      [
        required('--outcome <outcome>', 'what it was').choices(CASE_OUTCOMES),
        required('--note <text>', 'why, for the audit trail: name no person in it'),
      ],
    ),
    step(
      'erase',
      'permanently erase what the reporter wrote and how to reach them; two persons until the case is closed',
      'keyward report erase 7Q3K-M2XD',
    ),
  ],
};
