import type { Command } from 'commander';
import { examples } from '../examples.ts';
import type { Contextual } from '../program.ts';
import { wholeNumber } from '../whole-number.ts';

export function addDrillCommands(program: Command, contextOf: Contextual): void {
  const drill = program
    .command('drill')
    .description('rehearsals of what nobody wants to do for the first time');
  drill
    .command('rotation')
    .description(
      'live through rotations on a clock of its own, against verifiers that cache badly; no service needed',
    )
    .option('--days <n>', 'days to live through', wholeNumber, 365)
    .option('--seed <n>', 'another seed is another course of outages and delays', wholeNumber, 1)
    .addHelpText(
      'after',
      examples('keyward drill rotation', 'keyward drill rotation --days 730 --seed 2 --json'),
    )
    .action(async (options, command: Command) => {
      const { drillRotation } = await import('../actions/drill-rotation.ts');
      await drillRotation(contextOf(command), options);
    });
}
