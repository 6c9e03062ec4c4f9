import type { Command } from 'commander';
import { examples, instantOrSeconds } from '../cli/arguments.ts';
import type { Contextual } from '../cli/context.ts';

export function addLedgerCommands(program: Command, contextOf: Contextual): void {
  const ledger = program.command('ledger').description('records of issued tokens');
  ledger
    .command('find')
    .description('records that every option given fits, in the order of issue; --json prints JSON Lines')
    .option('--jti <id>', 'of one token')
    .option('--kid <kid>', 'signed with this key')
    .option('--client <id>', 'issued to this client')
    .option('--subject <subject>', 'of this subject, also where it is kept hashed')
    .option('--root <event>', 'from this root event, such as one sign-in')
    .option('--scope <id>', 'of this scope')
    .option(
      '--from <when>',
      'issued then or later: a day, a moment such as 2026-12-01T08:00Z, or seconds since the epoch',
      instantOrSeconds,
    )
    .option('--to <when>', 'issued then or before; a day is its midnight, UTC', instantOrSeconds)
    .addHelpText(
      'after',
      examples(
        'keyward ledger find --subject user-1',
        'keyward ledger find --client checkout --from "2026-11-23 03:00:00Z" --to 2026-11-23T03:59:59Z',
        'keyward ledger find --kid NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs --from 1760000000 --json',
      ),
    )
    .action(async (options, command: Command) => {
      const { ledgerFind } = await import('./cli-output.ts');
      await ledgerFind(contextOf(command), options);
    });
  ledger
    .command('erase')
    .description(
      'permanently erase what is kept of a subject; two persons while an event or a report about it is open',
    )
    .requiredOption('--subject <subject>', '`sub` of the tokens')
    .addHelpText('after', examples('keyward ledger erase --subject user-1'))
    .action(async (options, command: Command) => {
      const { ledgerErase } = await import('./cli-output.ts');
      await ledgerErase(contextOf(command), options);
    });
}
