import type { Command } from 'commander';
import { examples } from '../cli/arguments.ts';
import type { Contextual } from '../cli/context.ts';

export function addVerifierCommands(program: Command, contextOf: Contextual): void {
  program
    .command('verifier')
    .description('services that verify tokens by themselves')
    .command('list')
    .description('who follows the events of a scope, which key set each holds, and who lags behind')
    .option('--scope <id>', 'of this scope only')
    .addHelpText('after', examples('keyward verifier list', 'keyward verifier list --scope payments --json'))
    .action(async (options, command: Command) => {
      const { verifierList } = await import('./cli-output.ts');
      await verifierList(contextOf(command), options);
    });
}
