import { Argument } from 'commander';
import { paging } from '../cli/arguments.ts';
import { type Noun, required, type Verb } from '../cli/verb.ts';
import { ACTIONS, ROLES } from '../kernel/actor.ts';
import { PROBE } from '../probes/cli.ts';

export const WHOAMI: Verb = {
  name: 'whoami',
  description: 'the operator whose credential is used, the roles, the service and the context',
  examples: ['keyward whoami', 'keyward whoami --context prod --json'],
  load: async () => (await import('./cli-operators.ts')).whoAmI,
};

export const CLIENT: Noun = {
  name: 'client',
  description: 'identity and relying services',
  verbs: [
    {
      name: 'create <id>',
      description: 'enrol a client; its credential is shown or stored this once',
      options: [
        ['--description <text>', 'what it is'],
        [
          '--out <file>',
          'make the credential here, into this new file (0600): the service learns its digest (default: it is shown)',
        ],
      ],
      examples: ['keyward client create payments-identity --out payments-identity.credential'],
      load: async () => (await import('./cli-clients.ts')).clientCreate,
    },
    {
      name: 'credential <id>',
      description: 'a new credential in place of the one it has, which is refused from then on',
      options: [
        ['--out <file>', 'make the credential here, into this new file, 0600 (default: it is shown)'],
      ],
      examples: ['keyward client credential payments-identity --out new.credential'],
      load: async () => (await import('./cli-clients.ts')).clientCredential,
    },
    {
      name: 'list',
      description: 'all clients with their grants',
      examples: ['keyward client list', 'keyward client list --json'],
      load: async () => (await import('./cli-clients.ts')).clientList,
    },
    {
      name: 'show <id>',
      description: 'one client with its grants',
      examples: ['keyward client show payments-identity'],
      load: async () => (await import('./cli-clients.ts')).clientShow,
    },
    {
      name: 'revoke <id>',
      description: 'refuse the client from now on',
      examples: ['keyward client revoke payments-identity'],
      load: async () => (await import('./cli-clients.ts')).clientRevoke,
    },
    PROBE,
  ],
};

const CHANGES = [
  ['add', 'allow a client an action in one scope'],
  ['remove', 'take a grant away; holds with the next request'],
] as const;

export const GRANT: Noun = {
  name: 'grant',
  description: 'what a client may do in a scope',
  verbs: [
    ...CHANGES.map(
      ([change, description]): Verb => ({
        name: change,
        description,
        operands: [['<client>'], ['<scope>'], new Argument('<action>', 'what it may do').choices(ACTIONS)],
        examples: [`keyward grant ${change} payments-identity payments sign`],
        load: async () => (await import('./cli-clients.ts')).changeGrant(change),
      }),
    ),
    {
      name: 'show <client> [scope]',
      description: 'what a client may do, in one scope or in all',
      examples: ['keyward grant show payments-identity', 'keyward grant show payments-identity payments'],
      load: async () => (await import('./cli-clients.ts')).grantShow,
    },
  ],
};

const DIGEST = '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU';
const DIGEST_OPTION = [
  '--credential-digest <digest>',
  'what keyward operator enrol printed for them; required where a second person has to approve',
] as const;

const ROLE = required('--role <role...>', 'one or more').choices(ROLES);

export const OPERATOR: Noun = {
  name: 'operator',
  description: 'the people of the security team',
  verbs: [
    {
      name: 'enrol',
      description: 'make your own credential, before others make you an operator; needs no service',
      options: [required('--out <file>', 'write the credential into this new file (0600)')],
      examples: ['keyward operator enrol --out carol.credential'],
      load: async () => (await import('./cli-operators.ts')).operatorEnrol,
    },
    {
      name: 'create <id>',
      description: 'make somebody an operator, who has made a credential with enrol; takes two',
      options: [ROLE, DIGEST_OPTION],
      examples: [`keyward operator create carol --role operator approver --credential-digest ${DIGEST}`],
      load: async () => (await import('./cli-operators.ts')).operatorCreate,
    },
    {
      name: 'list',
      description: 'operators with their roles, the oldest first',
      options: paging('id', String),
      examples: ['keyward operator list', 'keyward operator list --json'],
      load: async () => (await import('./cli-operators.ts')).operatorList,
    },
    {
      name: 'roles <id>',
      description: 'set the roles of an operator; takes two where a role is gained',
      options: [ROLE],
      examples: ['keyward operator roles carol --role auditor'],
      load: async () => (await import('./cli-operators.ts')).operatorRoles,
    },
    {
      name: 'credential <id>',
      description: 'a new credential for an operator, who has made it with enrol; takes two',
      options: [DIGEST_OPTION],
      examples: [`keyward operator credential carol --credential-digest ${DIGEST}`],
      load: async () => (await import('./cli-operators.ts')).operatorCredential,
    },
    {
      name: 'revoke <id>',
      description: 'refuse the operator from now on',
      examples: ['keyward operator revoke carol'],
      load: async () => (await import('./cli-operators.ts')).operatorRevoke,
    },
  ],
};

const DECISIONS = [
  ['approve', 'approve what another operator proposed, which runs it, once'],
  ['reject', 'reject a proposal permanently'],
  ['withdraw', 'withdraw your own proposal permanently'],
] as const;

export const PROPOSAL: Noun = {
  name: 'proposal',
  description: 'what one operator asked for and another approves',
  verbs: [
    {
      name: 'list',
      description: 'open proposals, the newest first',
      options: [['--closed', 'the closed ones of the last 90 days too'], ...paging('id', String)],
      examples: ['keyward proposal list', 'keyward proposal list --closed --json'],
      load: async () => (await import('./cli-proposals.ts')).proposalList,
    },
    {
      name: 'show <id>',
      description: 'one proposal: what is, and what would be',
      examples: ['keyward proposal show 7v3k9mzx2qpw4r8t'],
      load: async () => (await import('./cli-proposals.ts')).proposalShow,
    },
    ...DECISIONS.map(
      ([decision, description]): Verb => ({
        name: `${decision} <id>`,
        description,
        options:
          decision === 'approve' ? [['--out <file>', 'of a decoy token: the new file (0600) for it']] : [],
        examples: [`keyward proposal ${decision} 7v3k9mzx2qpw4r8t`],
        load: async () => (await import('./cli-proposals.ts')).decideProposal(decision),
      }),
    ),
  ],
};
