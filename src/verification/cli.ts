import { wholeNumber } from '../cli/arguments.ts';
import type { Noun } from '../cli/verb.ts';

const TOKEN = [
  '[file]',
  'file with the token, or with the answer that issued it; left out, or -: standard input, so that no other process sees it',
] as const;
const SERVICE = [
  ['--client-credential <file>', 'credential of a client, which has a grant in the scope'],
  ['--data-url <url>', 'data plane (default: where the configuration file has it listen)'],
] as const;

export const TOKEN_VERBS: Noun = {
  name: 'token',
  description: 'issue, verify and explain tokens by hand',
  verbs: [
    {
      name: 'issue <scope>',
      description: 'issue a token in the name of a client; it is recorded like every token',
      options: [
        ...SERVICE,
        ['--subject <text>', '`sub` of the token'],
        ['--claims <file>', 'further claims, a JSON object'],
        ['--ttl <seconds>', 'how long it lives (default: as the policy of the scope says)', wholeNumber],
        ['--typ <type>', 'type of the token (default: the first that the scope allows)'],
      ],
      examples: [
        'keyward token issue payments --client-credential payments-identity.credential --subject alice > token',
      ],
      load: async () => (await import('./cli-token.ts')).tokenIssue,
    },
    {
      name: 'verify <scope>',
      description: 'verify a token for a scope as a relying service does; exit code 1 where it is refused',
      operands: [TOKEN],
      options: SERVICE,
      examples: ['keyward token verify payments token --client-credential payments-api.credential'],
      load: async () => (await import('./cli-token.ts')).tokenVerify,
    },
    {
      name: 'inspect',
      description:
        'explain a token rule by rule, by what operators may read; the token itself is sent nowhere',
      operands: [TOKEN],
      options: [
        ['--key-set <file>', 'jwks.json of its scope: asks no service, and knows no issuer, state or record'],
      ],
      examples: ['keyward token inspect token', 'keyward token inspect --key-set jwks.json < token'],
      load: async () => (await import('./cli-inspect.ts')).tokenInspect,
    },
  ],
};
