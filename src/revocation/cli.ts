import type { Command } from 'commander';
import { examples, instantOrSeconds, wholeNumber } from '../cli/arguments.ts';
import type { Contextual } from '../cli/context.ts';

export function addRevokeCommands(program: Command, contextOf: Contextual): void {
  program
    .command('revoke')
    .description('refuse tokens from now on, for good: those that every option given fits')
    .option('--jti <id>', 'one token')
    .option('--root <event>', 'every token of that root event, those yet to come included')
    .option('--client <id>', 'every token issued to that client until now, or until --until')
    .option('--scope <id>', 'of this scope only')
    .option(
      '--from <when>',
      'issued then or later: a day, a moment such as 2026-12-01T08:00Z, or seconds since the epoch',
      instantOrSeconds,
    )
    .option('--until <when>', 'issued then or before; a day is its midnight, UTC', instantOrSeconds)
    .option('--reason <text>', 'why, for the audit trail')
    .addHelpText(
      'after',
      examples(
        'keyward revoke --jti b1mlLCdsGzQ5Sw1f9aYOMA --scope payments',
        'keyward revoke --client checkout --reason "credential found in a repository"',
        'keyward revoke --scope payments --from 1760000000 --until 1760003600',
      ),
    )
    .action(async (options, command: Command) => {
      const { revoke } = await import('./cli-output.ts');
      await revoke(contextOf(command), options);
    });
  program
    .command('revocation')
    .description('what is revoked')
    .command('list')
    .description('the rules in force, the newest first')
    .option('--before <sequence>', 'older than this one', wholeNumber)
    .addHelpText('after', examples('keyward revocation list', 'keyward revocation list --before 42 --json'))
    .action(async (options, command: Command) => {
      const { revocationList } = await import('./cli-output.ts');
      await revocationList(contextOf(command), options);
    });
}
