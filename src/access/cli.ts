import { Argument, type Command, Option } from 'commander';
import { examples } from '../cli/arguments.ts';
import type { Contextual } from '../cli/context.ts';
import { ACTIONS, ROLES } from '../kernel/actor.ts';
import { addProbeCommands } from '../probes/cli.ts';

export function addClientCommands(program: Command, contextOf: Contextual): void {
  const client = program.command('client').description('identity and relying services');
  client
    .command('create')
    .description('enrol a client; its credential is shown or stored this once')
    .argument('<id>')
    .option('--description <text>', 'what it is')
    .option(
      '--out <file>',
      'make the credential here, into this new file (0600): the service learns its digest',
    )
    .addHelpText(
      'after',
      examples('keyward client create payments-identity --out payments-identity.credential'),
    )
    .action(async (id: string, options, command: Command) => {
      const { clientCreate } = await import('./cli-clients.ts');
      await clientCreate(contextOf(command), id, options);
    });
  client
    .command('credential <id>')
    .description('a new credential in place of the one it has, which is refused from then on')
    .option('--out <file>', 'make the credential here, into this new file (0600)')
    .addHelpText('after', examples('keyward client credential payments-identity --out new.credential'))
    .action(async (id: string, options, command: Command) => {
      const { clientCredential } = await import('./cli-clients.ts');
      await clientCredential(contextOf(command), id, options);
    });
  client
    .command('list')
    .description('all clients with their grants')
    .addHelpText('after', examples('keyward client list', 'keyward client list --json'))
    .action(async (_options, command: Command) => {
      const { clientList } = await import('./cli-clients.ts');
      await clientList(contextOf(command));
    });
  client
    .command('revoke')
    .description('refuse the client from now on')
    .argument('<id>')
    .addHelpText('after', examples('keyward client revoke payments-identity'))
    .action(async (id: string, _options, command: Command) => {
      const { clientRevoke } = await import('./cli-clients.ts');
      await clientRevoke(contextOf(command), id);
    });
  addProbeCommands(client, contextOf);
}

const CHANGES = [
  ['add', 'allow a client an action in one scope'],
  ['remove', 'take a grant away; holds with the next request'],
] as const;

export function addGrantCommands(program: Command, contextOf: Contextual): void {
  const grant = program.command('grant').description('what a client may do in a scope');
  for (const [change, description] of CHANGES) {
    grant
      .command(change)
      .description(description)
      .argument('<client>')
      .argument('<scope>')
      .addArgument(new Argument('<action>').choices(ACTIONS))
      .addHelpText('after', examples(`keyward grant ${change} payments-identity payments sign`))
      .action(async (client: string, scope: string, action: string, _options, command: Command) => {
        const { changeGrant } = await import('./cli-clients.ts');
        await changeGrant(contextOf(command), change, { client, scope, action });
      });
  }
}

const DIGEST = '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU';
const DIGEST_OPTION = [
  '--credential-digest <digest>',
  'what keyward operator enrol printed for them; required where a second person has to approve',
] as const;

const roles = () => new Option('--role <role...>', 'one or more').choices(ROLES).makeOptionMandatory();

export function addOperatorCommands(program: Command, contextOf: Contextual): void {
  const operator = program.command('operator').description('the people of the security team');
  operator
    .command('enrol')
    .description('make your own credential, before others make you an operator; needs no service')
    .requiredOption('--out <file>', 'write the credential into this new file (0600)')
    .addHelpText('after', examples('keyward operator enrol --out carol.credential'))
    .action(async (options, command: Command) => {
      const { operatorEnrol } = await import('./cli-operators.ts');
      await operatorEnrol(contextOf(command), options);
    });
  operator
    .command('create <id>')
    .description('make somebody an operator, who has made a credential with enrol; takes two')
    .addOption(roles())
    .option(...DIGEST_OPTION)
    .addHelpText(
      'after',
      examples(`keyward operator create carol --role operator approver --credential-digest ${DIGEST}`),
    )
    .action(async (id: string, options, command: Command) => {
      const { operatorCreate } = await import('./cli-operators.ts');
      await operatorCreate(contextOf(command), id, options);
    });
  operator
    .command('list')
    .description('operators with their roles, the oldest first')
    .option('--after <id>', 'younger than this one')
    .addHelpText('after', examples('keyward operator list', 'keyward operator list --json'))
    .action(async (options, command: Command) => {
      const { operatorList } = await import('./cli-operators.ts');
      await operatorList(contextOf(command), options);
    });
  operator
    .command('roles <id>')
    .description('set the roles of an operator; takes two where a role is gained')
    .addOption(roles())
    .addHelpText('after', examples('keyward operator roles carol --role auditor'))
    .action(async (id: string, options, command: Command) => {
      const { operatorRoles } = await import('./cli-operators.ts');
      await operatorRoles(contextOf(command), id, options);
    });
  operator
    .command('credential <id>')
    .description('a new credential for an operator, who has made it with enrol; takes two')
    .option(...DIGEST_OPTION)
    .addHelpText('after', examples(`keyward operator credential carol --credential-digest ${DIGEST}`))
    .action(async (id: string, options, command: Command) => {
      const { operatorCredential } = await import('./cli-operators.ts');
      await operatorCredential(contextOf(command), id, options);
    });
  operator
    .command('revoke <id>')
    .description('refuse the operator from now on')
    .addHelpText('after', examples('keyward operator revoke carol'))
    .action(async (id: string, _options, command: Command) => {
      const { operatorRevoke } = await import('./cli-operators.ts');
      await operatorRevoke(contextOf(command), id);
    });
}

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
      const { proposalList } = await import('./cli-proposals.ts');
      await proposalList(contextOf(command), options);
    });
  proposal
    .command('show <id>')
    .description('one proposal: what is, and what would be')
    .addHelpText('after', examples('keyward proposal show 7v3k9mzx2qpw4r8t'))
    .action(async (id: string, _options, command: Command) => {
      const { proposalShow } = await import('./cli-proposals.ts');
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
      const { proposalDecide } = await import('./cli-proposals.ts');
      await proposalDecide(contextOf(command), decision, id, options);
    });
  }
}
