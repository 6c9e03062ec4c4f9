import type { Command } from 'commander';
import { examples } from '../cli/arguments.ts';
import type { Contextual } from '../cli/context.ts';

export function addReviewCommands(program: Command, contextOf: Contextual): void {
  const review = program.command('review').description('what a person should look at, and that somebody did');
  review
    .command('show', { isDefault: true })
    .description(
      'everything since the last review that was signed off: without a word, this is what review does',
    )
    .addHelpText('after', examples('keyward review', 'keyward review show --json > review.json'))
    .action(async (_options, command: Command) => {
      const { reviewShow } = await import('./cli-output.ts');
      await reviewShow(contextOf(command));
    });
  review
    .command('sign-off')
    .description('sign off what was shown to you last; role auditor or operator')
    .requiredOption('--note <text>', 'what you found; it stays in the audit trail')
    .option('--digest <digest>', 'what was shown to you under this digest')
    .addHelpText(
      'after',
      examples('keyward review sign-off --note "the new client is the shop’s; else nothing"'),
    )
    .action(async (options, command: Command) => {
      const { reviewSignOff } = await import('./cli-output.ts');
      await reviewSignOff(contextOf(command), options);
    });
  review
    .command('list')
    .description('reviews that were signed off, and when the next is overdue')
    .addHelpText('after', examples('keyward review list', 'keyward review list --json'))
    .action(async (_options, command: Command) => {
      const { reviewList } = await import('./cli-output.ts');
      await reviewList(contextOf(command));
    });
}
