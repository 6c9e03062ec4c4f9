import type { Command } from 'commander';
import { examples, wholeNumber } from '../cli/arguments.ts';
import type { Contextual } from '../cli/context.ts';

export function addDrillCommands(program: Command, contextOf: Contextual): void {
  const drill = program
    .command('drill')
    .description('rehearsals of what nobody wants to do for the first time');
  drill
    .command('compromise')
    .description('compromise the key of a drill scope, which serves nobody, and time all that follows')
    .option('--scope <id>', 'the drill scope; it is made where there is none', 'drill')
    .option('--timeout <seconds>', 'how long it may take until all is seen', wholeNumber, 60)
    .option('--out <file>', 'write the report into this new file, too, as JSON')
    .addHelpText(
      'after',
      examples('keyward drill compromise', 'keyward drill compromise --scope drill --out drill-2026-11.json'),
    )
    .action(async (options, command: Command) => {
      const { drillCompromise } = await import('./cli-compromise.ts');
      await drillCompromise(contextOf(command), options);
    });
  drill
    .command('list')
    .description('rehearsals with their dates, and when the next are due')
    .addHelpText('after', examples('keyward drill list', 'keyward drill list --json'))
    .action(async (_options, command: Command) => {
      const { drillList } = await import('./cli-output.ts');
      await drillList(contextOf(command));
    });
}
