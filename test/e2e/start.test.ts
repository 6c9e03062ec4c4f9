import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Finding } from '../../src/lib/finding.ts';
import { freePorts } from '../support/free-port.ts';
import { type Program, startProgram } from '../support/program.ts';
import { expectShown, shownBlock, shownCommands } from '../support/shown-commands.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = temporaryFolder();
// A name with a space in it, as the checkout's own may have.
const directory = join(folder.path, 'a service');
const at = (name: string) => join(directory, name);
const READY = 'Ctrl-C stops the service.';

let ports: readonly number[];
let running: Program | undefined;

beforeAll(async () => {
  ports = await freePorts(2);
});
afterEach(async () => {
  running?.child.kill('SIGTERM');
  await running?.ended;
  running = undefined;
});
afterAll(() => folder.remove());

/** What ./scripts/start runs once the checkout is set up. */
function start(...argv: string[]): Program {
  const own = ['--directory', directory, '--data-port', `${ports[0]}`, '--operations-port', `${ports[1]}`];
  const program = ['--disable-sigusr1', 'scripts/start.ts', ...own, ...argv];
  running = startProgram(process.execPath, program, { cwd: root });
  return running;
}

async function keyward(...argv: string[]): Promise<string> {
  const program = ['src/cli/main.ts', '--config', at('config.yaml'), ...argv];
  const { stdout } = await promisify(execFile)(process.execPath, program, { cwd: root });
  return stdout;
}

/** What doctor looked at of the HSM; none of it may fail. */
async function examined(): Promise<readonly string[]> {
  const { findings } = JSON.parse(await keyward('doctor', '--json')) as { findings: readonly Finding[] };
  expect(findings.filter(({ level }) => level === 'fail')).toEqual([]);
  return findings
    .map(({ check }) => check)
    .filter((check) => /^(?:service|token|mechanisms|trial|keys)/.test(check));
}

const page = readFileSync(join(root, 'docs/api.md'), 'utf8');
const address = () => `127.0.0.1:${ports[0]}`;
const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;

/** Of docs/api.md, for the service that runs here. */
async function answerTo(command: string): Promise<string> {
  const cli = [process.execPath, 'src/cli/main.ts', '--config', at('config.yaml')].map(quoted).join(' ');
  const here = command
    .replaceAll('./scripts/keyward', 'keyward')
    .replaceAll('.keyward/', `${quoted(directory)}/`);
  const script = `keyward() { ${cli} "$@"; }\n${here}`;
  return (await promisify(execFile)('sh', ['-euc', script], { cwd: root })).stdout;
}

/** What the client that docs/api.md shows in that language gets: a token. */
async function tokenBy(language: 'js' | 'python', file: string, call: readonly string[]): Promise<unknown> {
  writeFileSync(join(folder.path, file), shownBlock(page, language, 'issue('));
  const { sign } = JSON.parse(readFileSync(at('credentials.json'), 'utf8')).scopes.payments;
  writeFileSync(join(folder.path, 'credential'), `${sign}\n`);
  const [command = '', ...argv] = call;
  const url = `http://${address()}/v1/scopes/payments/tokens`;
  const { stdout } = await promisify(execFile)(command, [...argv, url], { cwd: folder.path });
  return stdout.trim();
}

const PYTHON = `
import sys
from client import issue
print(issue(sys.argv[1], "credential", {"sub": "alice"}))`;
const NODE = `
import { issue } from './client.mjs';
console.log(await issue(process.argv[1], 'credential', { sub: 'alice' }));`;
const hasRequests = spawnSync('python3', ['-c', 'import requests']).status === 0;
const TOKEN = /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/;

const mode = (name: string) => statSync(at(name)).mode & 0o777;
const secretsOf = (text: string) => text.match(/kw_(?:svc|ops)_[0-9A-Za-z]{36}/g) ?? [];

describe('./scripts/start', { timeout: 60_000 }, () => {
  it('makes nothing that would hold on to a port that is in use', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(ports[0], '127.0.0.1', resolve));
    const ended = await start().ended;
    await new Promise((resolve) => other.close(resolve));
    expect(ended).toEqual({
      code: 1,
      output: `keyward: port ${ports[0]} is in use; stop what uses it, or choose another with --data-port\n`,
    });
    expect(readdirSync(directory)).toEqual(['start.lock']);
  });

  it('makes everything, and prints three lines that sign, verify and are refused', async () => {
    const program = start();
    await program.says(READY);

    const lines = program.output().match(/^curl .*$/gm) ?? [];
    const answers = [];
    for (const line of lines) {
      const { stdout } = await promisify(execFile)('sh', ['-c', line], { cwd: root });
      answers.push(JSON.parse(stdout));
    }
    const iss = `http://127.0.0.1:${ports[0]}/scopes/payments`;
    expect(answers).toEqual([
      {
        token: expect.any(String),
        kid: expect.any(String),
        jti: expect.any(String),
        iat: expect.any(Number),
        exp: answers[0].iat + 300,
      },
      {
        valid: true,
        claims: expect.objectContaining({ iss, aud: 'https://payments.example', sub: 'alice' }),
        kid: answers[0].kid,
        key_state: 'active',
      },
      { valid: false, reason: 'wrong_scope' },
    ]);
    expect(secretsOf(program.output())).toEqual([]);
    expect(['pin', 'credentials.json', 'config.yaml', 'keyward.db', 'softhsm2.conf'].map(mode)).toEqual(
      Array(5).fill(0o600),
    );
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    const credentials = JSON.parse(readFileSync(at('credentials.json'), 'utf8'));
    expect(credentials).toEqual({
      operator: expect.stringMatching(/^kw_ops_/),
      operations_origin: `http://127.0.0.1:${ports[1]}`,
      scopes: {
        payments: { sign: expect.stringMatching(/^kw_svc_/), verify: expect.stringMatching(/^kw_svc_/) },
        mail: { sign: expect.stringMatching(/^kw_svc_/), verify: expect.stringMatching(/^kw_svc_/) },
      },
    });
    const logged = readFileSync(at('keyward.log'), 'utf8');
    expect(secretsOf(logged)).toEqual([]);
    expect(logged).not.toContain(readFileSync(at('pin'), 'utf8').trim());
    expect(await keyward('scope', 'list', '--json').then(JSON.parse)).toMatchObject({
      scopes: [{ id: 'payments' }, { id: 'mail' }],
    });

    program.child.kill('SIGTERM');
    expect((await program.ended).code).toBe(0);
  });

  it('answers each command of docs/api.md as the page shows', async () => {
    await start().says(READY);
    const commands = shownCommands(page.replaceAll('127.0.0.1:8080', address()));
    expect(commands).toHaveLength(page.match(/^```sh$/gm)?.length ?? 0);
    for (const shown of commands) expectShown(await answerTo(shown.command), shown);
  });

  it('gives a token to the Node client of docs/api.md', async () => {
    await start().says(READY);
    const call = [process.execPath, '--input-type=module', '-e', NODE];
    expect(await tokenBy('js', 'client.mjs', call)).toMatch(TOKEN);
  });

  it.skipIf(!hasRequests)('gives a token to the Python client of docs/api.md', async () => {
    await start().says(READY);
    expect(await tokenBy('python', 'client.py', ['python3', '-B', '-c', PYTHON])).toMatch(TOKEN);
  });

  it('keeps everything when it is run again, and lets no second one in', async () => {
    const before = readFileSync(at('credentials.json'), 'utf8');
    const program = start('--operations-port', '1');
    await program.says(READY);
    expect(program.output()).toContain(
      `keyward: --operations-port counts on the first run alone; ${at('config.yaml')} says ${ports[1]}\n`,
    );
    expect(program.output()).not.toContain('--data-port');
    expect(readFileSync(at('credentials.json'), 'utf8')).toBe(before);
    expect(program.output()).not.toContain('making');

    expect(await examined()).toEqual([
      'service: sign',
      'service: time',
      'service: record',
      'service: verify',
      'service: keys',
    ]);

    const first = running;
    const second = await start().ended;
    expect(second).toEqual({
      code: 1,
      output: 'keyward: another ./scripts/start runs here; stop it first (Ctrl-C in its terminal)\n',
    });
    running = first;
  });

  it('leaves a service whose keys doctor finds proven, by a login of its own when nothing runs', async () => {
    expect(await examined()).toEqual([
      'service',
      'token',
      'mechanisms',
      'trial keys',
      'service keys',
      'keys',
    ]);
    const { findings } = JSON.parse(await keyward('doctor', '--json'));
    expect(findings).toContainEqual({
      check: 'keys',
      level: 'ok',
      summary: '4 of 4 keys proven non-exportable',
    });
  });

  it('makes a client anew whose credential was not stored in time', async () => {
    const credentials = JSON.parse(readFileSync(at('credentials.json'), 'utf8'));
    const kept = credentials.scopes.mail.sign;
    delete credentials.scopes.mail.verify;
    writeFileSync(at('credentials.json'), JSON.stringify(credentials));
    const program = start();
    await program.says(READY);
    const mended = JSON.parse(readFileSync(at('credentials.json'), 'utf8'));
    expect(mended.scopes.mail).toEqual({ sign: kept, verify: expect.stringMatching(/^kw_svc_/) });
    const { clients } = JSON.parse(await keyward('client', 'list', '--json'));
    const verifiers = clients.filter(({ id }: { id: string }) => id.startsWith('mail-relying'));
    expect(verifiers).toEqual([
      expect.objectContaining({ id: 'mail-relying', revoked_at: expect.any(Number) }),
      expect.objectContaining({
        id: 'mail-relying-2',
        revoked_at: null,
        grants: [{ scope: 'mail', action: 'verify' }],
      }),
    ]);
  });

  it('ends with 1 and says why when the service cannot start', async () => {
    const config = readFileSync(at('config.yaml'), 'utf8');
    writeFileSync(at('config.yaml'), config.replace(/registry_key: .*/, `registry_key: ${'A'.repeat(43)}`));
    const { code, output } = await start().ended;
    writeFileSync(at('config.yaml'), config);
    expect(code).toBe(1);
    expect(output).toContain(`keyward: the service ended; the last lines of ${at('keyward.log')}:\n`);
  });

  it('says which port is in use, and where to change it', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(ports[1], '127.0.0.1', resolve));
    const { code, output } = await start().ended;
    await new Promise((resolve) => other.close(resolve));
    expect(code).toBe(1);
    expect(output).toContain(
      `keyward: port ${ports[1]} is in use; stop what uses it, or set operations_plane.port in ${at('config.yaml')}\n`,
    );
  });

  it('does not throw anything away without being asked on a terminal or told --yes', async () => {
    const { code, output } = await start('--reset').ended;
    expect({ code, output }).toEqual({
      code: 1,
      output: 'keyward: --reset asks first, and there is no terminal: add --yes\n',
    });
    expect(existsSync(at('credentials.json'))).toBe(true);
  });

  it('begins anew when an earlier set-up was cut short', async () => {
    const before = readFileSync(at('credentials.json'), 'utf8');
    writeFileSync(at('unfinished'), '');
    const program = start();
    await program.says(READY);
    expect(program.output()).toContain('keyward: an earlier set-up was cut short: starting over\n');
    expect(readFileSync(at('credentials.json'), 'utf8')).not.toBe(before);
    expect(readdirSync(directory)).not.toContain('unfinished');
  });

  it('refuses a path that SoftHSM would read as another', async () => {
    const { code, output } = await start('--directory', join(folder.path, 'a#b')).ended;
    expect(code).toBe(1);
    expect(output).toContain('use a path without #\n');
  });

  it('does not touch a service that it did not make', async () => {
    rmSync(at('credentials.json'));
    const { code, output } = await start().ended;
    expect(code).toBe(1);
    expect(output).toContain(
      'but no credentials.json. Put it back, or start over: ./scripts/start --reset\n',
    );
    expect(existsSync(at('keyward.db'))).toBe(true);
  });
});
