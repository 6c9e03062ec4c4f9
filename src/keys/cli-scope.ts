import { Option } from 'commander';
import { instant, wholeNumber } from '../cli/arguments.ts';
import { type Noun, required } from '../cli/verb.ts';
import { ALGORITHM_NAMES } from '../kernel/algorithm.ts';
import { ALGORITHM_HELP, policyOptions } from './cli-policy.ts';

const STANDBY_HELP = 'another HSM token, in turn with the first: each standby is where the active key is not';

export const SCOPE: Noun = {
  name: 'scope',
  description: '(issuer, audience) pairs, each with keys of its own',
  verbs: [
    {
      name: 'create',
      description: 'make a scope: an active key and a standby are generated in the HSM and published',
      operands: [['<id>', '1 to 63 lower-case letters, digits and inner hyphens; never used again']],
      options: [
        required('--issuer <url>', '`iss` of its tokens'),
        required('--audience <text>', '`aud` of its tokens'),
        new Option('--algorithm <name>', ALGORITHM_HELP).choices(ALGORITHM_NAMES),
        ['--modulus-bits <bits>', 'of RSA: 2048, 3072 or 4096 (default: 2048)', wholeNumber],
        ['--hsm-token <name>', 'the HSM token that holds its keys (default: primary)'],
        ['--standby-token <name>', STANDBY_HELP],
        ...policyOptions('new'),
      ],
      examples: [
        'keyward scope create payments --issuer https://id.example --audience https://payments.example',
        'keyward scope create mail --issuer https://id.example --audience mail --algorithm PS256 --modulus-bits 3072',
        'keyward scope create chat --issuer https://id.example --audience chat --algorithm EdDSA',
        'keyward scope create partner --issuer https://id.example --audience partner --hsm-token issuer-b',
        'keyward scope create mobile --issuer https://id.example --audience mobile --standby-token issuer-b',
      ],
      load: async () => (await import('./cli-scope-output.ts')).scopeCreate,
    },
    {
      name: 'set <id>',
      description:
        'change members of the policy, the contacts or the HSM tokens; what is not named stays. Says first how many living tokens it refuses',
      options: [
        ['--hsm-token <name>', 'the HSM token that its next keys are made on'],
        ['--standby-token <name>', STANDBY_HELP],
        ['--no-standby-token', 'its next keys are made on the one HSM token alone'],
        ...policyOptions('existing'),
      ],
      examples: [
        'keyward scope set payments --max-ttl 900',
        'keyward scope set payments --contacts security@example.com on-call@example.com',
        'keyward scope set payments --standby-token issuer-b',
      ],
      load: async () => (await import('./cli-scope-output.ts')).scopeSet,
    },
    {
      name: 'pause-rotation <id>',
      description: 'do not rotate the key by itself until then; its window goes on',
      options: [
        required(
          '--until <when>',
          'a day, or a moment such as 2026-12-01T08:00Z; at most 90 days away',
          instant,
        ),
        required('--reason <text>', 'why the rotation is paused, for other operators'),
      ],
      examples: ['keyward scope pause-rotation payments --until 2026-12-01 --reason "the HSM moves"'],
      load: async () => (await import('./cli-scope-output.ts')).pauseRotation,
    },
    {
      name: 'resume-rotation <id>',
      description: 'end the pause of the rotation before its time',
      examples: ['keyward scope resume-rotation payments'],
      load: async () => (await import('./cli-scope-output.ts')).resumeRotation,
    },
    {
      name: 'list',
      description: 'all scopes',
      examples: ['keyward scope list', 'keyward scope list --json'],
      load: async () => (await import('./cli-scope-output.ts')).scopeList,
    },
    {
      name: 'show <id>',
      description: 'one scope with its policy and keys',
      examples: ['keyward scope show payments'],
      load: async () => (await import('./cli-scope-output.ts')).scopeShow,
    },
    {
      name: 'ceremony <id>',
      description: 'how a scope was made: by whom, when, and what the HSM showed of its keys',
      options: [
        ['--out <file>', 'write the record into this new file, as JSON'],
        ['--html', 'write it as a page to be printed and signed'],
      ],
      examples: [
        'keyward scope ceremony payments --out payments.json',
        'keyward scope ceremony payments --html --out payments.html',
      ],
      load: async () => (await import('./cli-ceremony.ts')).scopeCeremony,
    },
  ],
};
