import { type Command, Option } from 'commander';
import { CASE_OUTCOMES, CASE_STATES } from './case.ts';
import { examples } from '../cli/examples.ts';
import type { Contextual } from '../cli/program.ts';
import { wholeNumber } from '../cli/whole-number.ts';

const NUMBER = 'the number that the reporter was told';

export function addReportCommands(program: Command, contextOf: Contextual): void {
  const report = program.command('report').description('what people report, and what becomes of it');
  report
    .command('list')
    .description('reports, the newest first, without what was written')
    .addOption(new Option('--state <state>', 'in this state').choices(CASE_STATES))
    .option('--scope <id>', 'for this scope')
    .option('--before <sequence>', 'older than this one; --json shows the sequences', wholeNumber)
    .addHelpText('after', examples('keyward report list', 'keyward report list --state open --json'))
    .action(async (options, command: Command) => {
      const { reportList } = await import('./cli-list.ts');
      await reportList(contextOf(command), options);
    });
  report
    .command('show')
    .description('one report: what was written, what was found out, and who did what about it')
    .argument('<number>', NUMBER)
    .addHelpText('after', examples('keyward report show 7Q3K-M2XD', 'keyward report show 7Q3K-M2XD --json'))
    .action(async (number: string, _options, command: Command) => {
      const { reportShow } = await import('./cli-step.ts');
      await reportShow(contextOf(command), number);
    });
  report
    .command('take')
    .description('take a case up, also from whoever has it')
    .argument('<number>', NUMBER)
    .addHelpText('after', examples('keyward report take 7Q3K-M2XD'))
    .action(async (number: string, _options, command: Command) => {
      const { reportStep } = await import('./cli-step.ts');
      await reportStep(contextOf(command), number, 'take');
    });
  report
    .command('note')
    .description('add to a case what was found out')
    .argument('<number>', NUMBER)
    .requiredOption('--note <text>', 'for the audit trail: name no person in it')
    .addHelpText(
      'after',
      examples('keyward report note 7Q3K-M2XD --note "asked the relying service for its log"'),
    )
    .action(async (number: string, options: { note: string }, command: Command) => {
      const { reportStep } = await import('./cli-step.ts');
      await reportStep(contextOf(command), number, 'note', options);
    });
  report
    .command('close')
    .description('say what a report came to, for good')
    .argument('<number>', NUMBER)
    .addOption(new Option('--outcome <outcome>', 'what it was').choices(CASE_OUTCOMES).makeOptionMandatory())
    .requiredOption('--note <text>', 'why, for the audit trail: name no person in it')
    .addHelpText(
      'after',
      examples('keyward report close 7Q3K-M2XD --outcome harmless --note "a token of the last rehearsal"'),
    )
    .action(async (number: string, options: { note: string; outcome: string }, command: Command) => {
      const { reportStep } = await import('./cli-step.ts');
      await reportStep(contextOf(command), number, 'close', options);
    });
  report
    .command('erase')
    .description(
      'permanently erase what the reporter wrote and how to reach them; two persons until the case is closed',
    )
    .argument('<number>', NUMBER)
    .addHelpText('after', examples('keyward report erase 7Q3K-M2XD'))
    .action(async (number: string, _options, command: Command) => {
      const { reportStep } = await import('./cli-step.ts');
      await reportStep(contextOf(command), number, 'erase');
    });
}
