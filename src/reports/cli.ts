import { type Command, Option } from 'commander';
import { examples, wholeNumber } from '../cli/arguments.ts';
import type { Contextual } from '../cli/context.ts';
import { CASE_OUTCOMES, CASE_STATES } from './case.ts';

const NUMBER = 'the number that the reporter was told';

/** `keyward report`. What a verb does is loaded when it is called. */
export function addReportCommands(program: Command, contextOf: Contextual): void {
  const report = program.command('report').description('what people report, and what becomes of it');
  const verb = (name: string, description: string, ...shown: readonly string[]) =>
    report
      .command(name)
      .description(description)
      .addHelpText('after', examples(...shown));

  verb(
    'list',
    'reports, the newest first, without what was written',
    'keyward report list',
    'keyward report list --state open --json',
  )
    .addOption(new Option('--state <state>', 'in this state').choices(CASE_STATES))
    .option('--scope <id>', 'for this scope')
    .option('--before <sequence>', 'older than this one; --json shows the sequences', wholeNumber)
    .action(async (options, command: Command) => {
      const { listReports } = await import('./cli-output.ts');
      await listReports(contextOf(command), options);
    });

  verb(
    'show',
    'one report: what was written, what was found out, and who did what about it',
    'keyward report show 7Q3K-M2XD',
    'keyward report show 7Q3K-M2XD --json',
  )
    .argument('<number>', NUMBER)
    .action(async (number: string, _options, command: Command) => {
      const { showReport } = await import('./cli-output.ts');
      await showReport(contextOf(command), number);
    });

  const step = (
    name: 'take' | 'note' | 'close' | 'erase',
    description: string,
    shown: string,
    options: readonly Option[] = [],
  ) => {
    const command = verb(name, description, shown).argument('<number>', NUMBER);
    for (const option of options) command.addOption(option);
    command.action(async (number: string, body: object, called: Command) => {
      const { changeReport } = await import('./cli-output.ts');
      await changeReport(contextOf(called), number, name, options.length > 0 ? body : undefined);
    });
  };
  const note = (description: string) => new Option('--note <text>', description).makeOptionMandatory();
  step('take', 'take a case up, also from whoever has it', 'keyward report take 7Q3K-M2XD');
  step(
    'note',
    'add to a case what was found out',
    'keyward report note 7Q3K-M2XD --note "asked the relying service for its log"',
    [note('for the audit trail: name no person in it')],
  );
  step(
    'close',
    'say what a report came to, for good',
    'keyward report close 7Q3K-M2XD --outcome harmless --note "a token of the last rehearsal"',
    [
      new Option('--outcome <outcome>', 'what it was').choices(CASE_OUTCOMES).makeOptionMandatory(),
      note('why, for the audit trail: name no person in it'),
    ],
  );
  step(
    'erase',
    'permanently erase what the reporter wrote and how to reach them; two persons until the case is closed',
    'keyward report erase 7Q3K-M2XD',
  );
}
