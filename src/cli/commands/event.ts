import type { Command } from 'commander';
import { examples } from '../examples.ts';
import type { Contextual } from '../program.ts';
import { wholeNumber } from '../whole-number.ts';

export function addEventCommands(program: Command, contextOf: Contextual): void {
  program
    .command('event')
    .description('security events')
    .command('list')
    .description('what detections found, the newest first; --json shows the evidence')
    .option('--before <sequence>', 'older than this one', wholeNumber)
    .addHelpText('after', examples('keyward event list', 'keyward event list --json'))
    .action(async (options, command: Command) => {
      const { eventList } = await import('../actions/event-list.ts');
      await eventList(contextOf(command), options);
    });
}
