import type { Command } from 'commander';
import { examples } from '../examples.ts';
import type { Contextual } from '../program.ts';

export function addKeyCommands(program: Command, contextOf: Contextual): void {
  program
    .command('key')
    .description('signing keys')
    .command('list')
    .description('keys with their states, signing windows and proofs, those out of service too')
    .option('--scope <id>', 'of this scope only')
    .addHelpText('after', examples('keyward key list', 'keyward key list --scope payments --json'))
    .action(async (options, command: Command) => {
      const { keyList } = await import('../actions/key-list.ts');
      await keyList(contextOf(command), options);
    });
}
