import type { Command } from 'commander';
import { examples } from '../examples.ts';
import type { Contextual } from '../program.ts';

const DECISIONS = [
  ['approve', 'approve what another operator proposed, which runs it, once'],
  ['reject', 'reject a proposal, for good'],
  ['withdraw', 'withdraw your own proposal, for good'],
] as const;

export function addProposalCommands(program: Command, contextOf: Contextual): void {
  const proposal = program
    .command('proposal')
    .description('what one operator asked for and another approves');
  proposal
    .command('list')
    .description('open proposals, the newest first')
    .option('--all', 'the closed ones of the last 90 days too')
    .option('--after <id>', 'older than this one')
    .addHelpText('after', examples('keyward proposal list', 'keyward proposal list --all --json'))
    .action(async (options, command: Command) => {
      const { proposalList } = await import('../../access/cli-proposals.ts');
      await proposalList(contextOf(command), options);
    });
  proposal
    .command('show <id>')
    .description('one proposal: what is, and what would be')
    .addHelpText('after', examples('keyward proposal show 7v3k9mzx2qpw4r8t'))
    .action(async (id: string, _options, command: Command) => {
      const { proposalShow } = await import('../actions/proposal-show.ts');
      await proposalShow(contextOf(command), id);
    });
  for (const [decision, description] of DECISIONS) {
    const deciding = proposal
      .command(`${decision} <id>`)
      .description(description)
      .addHelpText('after', examples(`keyward proposal ${decision} 7v3k9mzx2qpw4r8t`));
    if (decision === 'approve')
      deciding.option('--out <file>', 'of a decoy token: the new file (0600) for it');
    deciding.action(async (id: string, options, command: Command) => {
      const { proposalDecide } = await import('../actions/proposal-show.ts');
      await proposalDecide(contextOf(command), decision, id, options);
    });
  }
}
