import type { Command } from 'commander';
import { examples } from '../cli/arguments.ts';
import type { Contextual } from '../cli/context.ts';

export function addClockCommands(program: Command, contextOf: Contextual): void {
  program
    .command('clock')
    .description('the clock of the service')
    .command('confirm')
    .description('trust the clock of the service, which must agree with the clock of this machine; takes two')
    .requiredOption('--reason <text>', 'why it is right, for the audit trail')
    .addHelpText(
      'after',
      examples('keyward clock confirm --reason "down for three weeks; checked by radio clock"'),
    )
    .action(async (options, command: Command) => {
      const { clockConfirm } = await import('./cli-output.ts');
      await clockConfirm(contextOf(command), options);
    });
}
