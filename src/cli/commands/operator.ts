import { type Command, Option } from 'commander';
import { ROLES } from '../../domain/client.ts';
import { examples } from '../examples.ts';
import type { Contextual } from '../program.ts';

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
      const { operatorEnrol } = await import('../actions/operator-enrol.ts');
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
      const { operatorCreate } = await import('../../access/cli-operators.ts');
      await operatorCreate(contextOf(command), id, options);
    });
  operator
    .command('list')
    .description('operators with their roles, the oldest first')
    .option('--after <id>', 'younger than this one')
    .addHelpText('after', examples('keyward operator list', 'keyward operator list --json'))
    .action(async (options, command: Command) => {
      const { operatorList } = await import('../actions/operator-list.ts');
      await operatorList(contextOf(command), options);
    });
  operator
    .command('roles <id>')
    .description('set the roles of an operator; takes two where a role is gained')
    .addOption(roles())
    .addHelpText('after', examples('keyward operator roles carol --role auditor'))
    .action(async (id: string, options, command: Command) => {
      const { operatorRoles } = await import('../../access/cli-operators.ts');
      await operatorRoles(contextOf(command), id, options);
    });
  operator
    .command('credential <id>')
    .description('a new credential for an operator, who has made it with enrol; takes two')
    .option(...DIGEST_OPTION)
    .addHelpText('after', examples(`keyward operator credential carol --credential-digest ${DIGEST}`))
    .action(async (id: string, options, command: Command) => {
      const { operatorCredential } = await import('../../access/cli-operators.ts');
      await operatorCredential(contextOf(command), id, options);
    });
  operator
    .command('revoke <id>')
    .description('refuse the operator from now on')
    .addHelpText('after', examples('keyward operator revoke carol'))
    .action(async (id: string, _options, command: Command) => {
      const { operatorRevoke } = await import('../../access/cli-operators.ts');
      await operatorRevoke(contextOf(command), id);
    });
}
