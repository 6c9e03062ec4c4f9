import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandLine, commandLines } from '../support/command-lines.ts';
import { freePorts } from '../support/free-port.ts';
import { pages, ROOT } from '../support/pages.ts';
import { type Program, startProgram } from '../support/program.ts';
import { expectShown, shownCommands } from '../support/shown-commands.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const TIMEOUT_MS = 300_000;
const folder = temporaryFolder();
const directory = join(folder.path, 'service');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

let data = '';
let running: Program;

beforeAll(async () => {
  const [dataPort, operationsPort] = await freePorts(2);
  data = `127.0.0.1:${dataPort}`;
  const ports = ['--data-port', `${dataPort}`, '--operations-port', `${operationsPort}`];
  running = startProgram(
    process.execPath,
    ['--disable-sigusr1', 'scripts/start.ts', '--directory', directory, ...ports],
    {
      cwd: ROOT,
    },
  );
  await running.says('Ctrl-C stops the service.');
}, TIMEOUT_MS);
afterAll(async () => {
  running.child.kill('SIGTERM');
  await running.ended;
  folder.remove();
});

interface Answer {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const run = promisify(execFile);

async function keyward(argv: readonly string[]): Promise<Answer> {
  const call = [join(ROOT, 'src/cli/main.ts'), '--config', join(directory, 'config.yaml'), ...argv];
  try {
    const { stdout, stderr } = await run(process.execPath, call, { cwd: folder.path });
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, out: stdout, err: stderr };
  }
}

async function activeKid(scope: string): Promise<string> {
  const { out } = await keyward(['key', 'list', '--scope', scope, '--json']);
  const keys: readonly { kid: string; state: string }[] = JSON.parse(out).keys;
  return keys.find(({ state }) => state === 'active')?.kid ?? '';
}

/** Of the blocks of a page, from the heading on. */
function linesOf(path: string, heading?: string): readonly CommandLine[] {
  const text = read(path);
  const from = heading === undefined ? 0 : text.indexOf(`\n## ${heading}\n`);
  const to = heading === undefined ? undefined : text.indexOf('\n## ', from + 1);
  return commandLines({ path, text: text.slice(from, to) }).filter(({ isInline }) => !isInline);
}

/** Each as it stands there; the exit code of what finds something out may be 1. */
async function expectAllToRun(
  lines: readonly CommandLine[],
  mayFind = /^(?:status|doctor)\b/,
): Promise<void> {
  for (const { at, argv } of lines) {
    const { code, out, err } = await keyward(argv);
    const allowed = mayFind.test(argv.join(' ')) ? [0, 1] : [0];
    expect({ at, argv, code, said: allowed.includes(code) ? '' : out + err }).toEqual({
      at,
      argv,
      code: expect.toSatisfy((given: number) => allowed.includes(given)),
      said: '',
    });
  }
}

/** What a runbook reads or rehearses: it changes nothing that anybody would miss, and needs no number of its own. */
const HARMLESS =
  /^(?:status|doctor|whoami|review|(?:key|scope|client|event|operator|proposal|verifier|canary|report|revocation|notify|drill) list|hsm inventory|drill compromise|audit verify|audit unwitnessed|audit tail --no-follow|config (?:check|show)|reload)\b/;
const OWN = /<|…|--(?:checkpoint|file|database|context|credential-file)\b/;

describe('one service, with everything on it', { timeout: TIMEOUT_MS }, () => {
  it('takes the tour of README.md', async () => {
    const lines = linesOf('README.md', 'Five minutes');
    expect(lines.map(({ argv: [noun, verb] }) => `${noun} ${verb}`)).toContain('key compromise');
    const kid = await activeKid('mail');
    await expectAllToRun(
      lines.map((line) => {
        const { argv } = line;
        return argv[1] === 'compromise'
          ? { ...line, argv: argv.map((word) => (word === '68fx3mnw' ? kid : word)) }
          : line;
      }),
    );
  });

  it('then answers docs/api.md as it shows', async () => {
    const words = [process.execPath, 'src/cli/main.ts', '--config', join(directory, 'config.yaml')];
    const cli = words.map((word) => `'${word}'`).join(' ');
    for (const shown of shownCommands(read('docs/api.md').replaceAll('127.0.0.1:8080', data))) {
      const command = shown.command
        .replaceAll('./scripts/keyward', 'keyward')
        .replaceAll('.keyward/', `${directory}/`);
      const { stdout } = await run('sh', ['-euc', `keyward() { ${cli} "$@"; }\n${command}`], { cwd: ROOT });
      expectShown(stdout, shown);
    }
  });

  it.each(['express', 'node-http', 'oidc-provider'])('then what examples/%s asks for', async (example) => {
    mkdirSync(join(folder.path, 'examples', example), { recursive: true });
    await expectAllToRun(linesOf(`examples/${example}/README.md`));
  });

  it('then examples/scopes.yaml', async () => {
    mkdirSync(join(folder.path, 'credentials'));
    const file = join(ROOT, 'examples/scopes.yaml');
    const planned = await keyward(['plan', '-f', file]);
    expect(planned).toMatchObject({ code: 2, err: '' });
    expect(planned.out).toContain('10 to create, 0 to change, 0 to remove.');
    expect(await keyward(['apply', '-f', file, '--credentials', 'credentials'])).toMatchObject({ code: 0 });
    expect(await keyward(['plan', '-f', file])).toMatchObject({ code: 0 });
  });

  it('then what the runbooks look at and rehearse', async () => {
    const runbooks = pages().filter(({ path }) => path.startsWith('docs/runbooks/'));
    const seen = new Set<string>();
    const lines = runbooks.flatMap(commandLines).filter(({ argv }) => {
      const text = argv.join(' ');
      if (seen.has(text) || !HARMLESS.test(text) || OWN.test(text)) return false;
      seen.add(text);
      return true;
    });
    expect(lines.length).toBeGreaterThan(15);
    expect([...seen]).toContain('drill compromise');
    await expectAllToRun(lines, /^(?:status|doctor|notify test|hsm inventory|audit verify|config check)\b/);
  });

  it('and shows no warning that nobody would act upon', async () => {
    const { out } = await keyward(['event', 'list', '--severity', 'warning', '--json']);
    const types: readonly { type: string; evidence: object }[] = JSON.parse(out).events;
    expect(types.filter(({ type }) => /^(?:client|scope)\.changed$|^act\.performed$/.test(type))).toEqual([]);
  });
});
