import { readFileSync } from 'node:fs';
import type { Command, Option } from 'commander';
import { describe, expect, it } from 'vitest';
import { program } from '../../../src/cli/program.ts';
import { keyward } from '../../support/command-line.ts';

const tree = program(() => {
  throw new Error('no command is run here');
});
const leaves = tree.commands.flatMap(leavesOf);

function leavesOf(command: Command): string[][] {
  if (command.commands.length === 0) return [[command.name()]];
  return command.commands.flatMap(leavesOf).map((path) => [command.name(), ...path]);
}

function commandOf(path: readonly string[]): Command {
  return path.reduce((at, name) => at.commands.find((child) => child.name() === name) ?? at, tree);
}

/** Of an option that takes a value, from its line in the help to the next option. */
function helpOf(out: string, { flags }: Option): string {
  const from = out.indexOf(`\n  ${flags} `);
  const [shown = ''] = out.slice(from + 1).split(/\n(?: {2}-|\n)/);
  return from < 0 ? '' : shown.replaceAll(/\s+/g, ' ');
}

describe('help', () => {
  it('knows every command of the first release', () => {
    expect(leaves.map((path) => path.join(' '))).toEqual([
      'init',
      'serve',
      'doctor',
      'config check',
      'config show',
      'config schema',
      'reload',
      'backup',
      'restore',
      'migrate-store',
      'status',
      'whoami',
      'scope create',
      'scope set',
      'scope pause-rotation',
      'scope resume-rotation',
      'scope list',
      'scope show',
      'scope ceremony',
      'key list',
      'key show',
      'key prove',
      'key rotate',
      'key undo-rotation',
      'key suspend',
      'key resume',
      'key destroy',
      'key compromise',
      'key blast-radius',
      'hsm inventory',
      'hsm make-pin',
      'hsm clear-latch',
      'hsm replace',
      'hsm enrol',
      'hsm compromise',
      'signer run',
      'signer check',
      'signer clear-latch',
      'client create',
      'client credential',
      'client list',
      'client show',
      'client revoke',
      'client probe set',
      'client probe remove',
      'client probe list',
      'client probe run',
      'grant add',
      'grant remove',
      'grant show',
      'operator enrol',
      'operator create',
      'operator list',
      'operator roles',
      'operator credential',
      'operator revoke',
      'proposal list',
      'proposal show',
      'proposal approve',
      'proposal reject',
      'proposal withdraw',
      'plan',
      'apply',
      'export',
      'schema',
      'verifier list',
      'verifier pins',
      'token issue',
      'token verify',
      'token inspect',
      'ledger find',
      'ledger erase',
      'revoke',
      'revocation list',
      'event list',
      'event show',
      'event acknowledge',
      'event resolve',
      'canary create',
      'canary list',
      'canary show',
      'canary retire',
      'scan',
      'report list',
      'report show',
      'report take',
      'report note',
      'report close',
      'report erase',
      'notify test',
      'notify list',
      'notify replay',
      'review show',
      'review sign-off',
      'review list',
      'audit verify',
      'audit copy',
      'audit export',
      'audit accept-restore',
      'audit unwitnessed',
      'audit confirm-unwitnessed',
      'audit tail',
      'clock confirm',
      'drill compromise',
      'drill list',
      'context add',
      'context use',
      'context list',
      'context remove',
      'completion',
    ]);
  });

  it.each(leaves.map((path) => [path.join(' ')]))(
    'of `%s` shows an example of it and ends with 0',
    async (path) => {
      const { exitCode, out, err } = await keyward([...path.split(' '), '--help']);
      expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
      expect(out).toContain(`Usage: keyward ${path}`);
      expect(out).toContain(`  $ keyward ${path}`);
      expect(out).toContain('--json');
      expect(out.split('\n').filter((line) => line.length > 80)).toEqual([]);
    },
  );

  it('of a long command line is one to be copied', async () => {
    const { out } = await keyward(['scope', 'create', '--help']);
    expect(out).toContain(
      '  $ keyward scope create mail --issuer https://id.example --audience mail \\\n      --algorithm PS256 --modulus-bits 3072\n',
    );
  });

  it.each(leaves.map((path) => [path.join(' '), path] as const))(
    'of `%s` says the default and the choices of each option and operand',
    async (_, path) => {
      const { out } = await keyward([...path, '--help']);
      const command = commandOf(path);
      for (const option of [...command.options, ...tree.options]) {
        const shown = helpOf(out, option);
        expect(shown).toContain(option.flags);
        for (const choice of option.argChoices ?? []) expect(shown).toContain(`"${choice}"`);
        if (typeof option.defaultValue === 'string' || typeof option.defaultValue === 'number') {
          expect(shown).toContain(`default: ${JSON.stringify(option.defaultValue)})`);
        }
        if (/\bdefault\b/.test(option.description))
          expect(shown).toMatch(/\(default(?::[^)]+)?\)|\(choices: /);
        // What starts as a list begins empty, which says nothing to anybody.
        expect(option.defaultValue).not.toBeInstanceOf(Array);
      }
      for (const { argChoices = [], defaultValue } of command.registeredArguments) {
        for (const choice of argChoices) expect(out).toContain(`"${choice}"`);
        if (defaultValue === undefined) continue;
        expect(out.replaceAll(/\s+/g, ' ')).toContain(`default: ${JSON.stringify(defaultValue)}`);
      }
    },
  );

  it('of `signer` names the file of the signer, and of all else that of the service', async () => {
    const config = async (...path: string[]) => {
      const { out } = await keyward([...path, '--help']);
      return /--config <file> +([\s\S]*?)\n {2}-/.exec(out)?.[1]?.replaceAll(/\s+/g, ' ');
    };
    const ofSigner = 'file of the signer (default: /etc/keyward-signer/signer.yaml)';
    for (const verb of ['run', 'check', 'clear-latch']) expect(await config('signer', verb)).toBe(ofSigner);
    const ofService = 'configuration file (default: KEYWARD_CONFIG, else /etc/keyward/config.yaml)';
    for (const path of [['config', 'check'], ['doctor'], []]) expect(await config(...path)).toBe(ofService);
  });

  it('of a command says where the default of the credential file is explained', async () => {
    const { out } = await keyward(['scope', 'list', '--help']);
    expect(out.replaceAll(/\s+/g, ' ')).toContain('(default: see keyward --help)');
    expect((await keyward(['--help'])).out.replaceAll('\n', ' ')).toContain(
      'else KEYWARD_CREDENTIAL_FILE, else',
    );
  });

  it('has the same options on every list that comes in pages', () => {
    const paged = leaves.filter((path) => commandOf(path).options.some(({ long }) => long === '--all'));
    const names = ['operator', 'proposal', 'revocation', 'event', 'report', 'notify'];
    expect(paged.map(([name]) => name)).toEqual(names);
    for (const path of paged) {
      const longs = commandOf(path).options.map(({ long }) => long);
      expect(longs.slice(-3)).toEqual(['--after', '--limit', '--all']);
    }
    expect(leaves.filter((path) => commandOf(path).options.some(({ long }) => long === '--before'))).toEqual(
      [],
    );
  });

  it('names the exit codes', async () => {
    const { out } = await keyward(['--help']);
    expect(out.replaceAll('\n', ' ')).toContain(
      'Exit codes: 0 done, 1 failed or refused, 2 wrong usage, 3 the service does not answer, 4 proposed: another',
    );
    expect(out.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it.each([[['sign']], [['scope']], [['scope', 'create']], [['grant', 'add', 'a']], [[]]])(
    'takes %j for wrong usage: exit 2',
    async (argv) => {
      const { exitCode, out } = await keyward(argv);
      expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
    },
  );
});

it('--version shows the version of the package, and nothing else', async () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  expect(await keyward(['--version'])).toEqual({ exitCode: 0, out: `${version}\n`, err: '' });
});
