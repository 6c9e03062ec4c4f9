import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { keyward } from '../../support/command-line.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { CREDENTIAL } from '../../support/plant.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const COMMAND_LINE = join(import.meta.dirname, '../../../src/cli/main.ts');
const PERSON = ['-c', 'user.name=a', '-c', 'user.email=a@example.org'];
const git = (folder: string, ...argv: string[]) =>
  execFileSync('git', ['-C', folder, ...PERSON, ...argv], { encoding: 'utf8', stdio: 'pipe' }).trim();

interface Report {
  readonly findings: readonly { readonly kind: string; readonly place: string }[];
  readonly skipped: readonly { readonly place: string; readonly why: string }[];
  readonly notes: readonly { readonly place: string; readonly note: string }[];
}

async function scan(...argv: string[]) {
  const { exitCode, out } = await keyward(['scan', '--offline', '--json', ...argv]);
  const { findings, skipped, notes } = JSON.parse(out) as Report;
  return {
    exitCode,
    places: findings.map(({ place }) => place.replaceAll(/[0-9a-f]{12,64}/g, '…')),
    skipped,
    notes,
  };
}

const models = temporaryFolder();
afterAll(models.remove);

/** A repository with a credential in its first commit, and none in its last: a copy, since git takes five processes. */
function made(...init: string[]): string {
  const model = join(models.path, ['model', ...init].join(''));
  if (!existsSync(model)) makeModel(model, init);
  const folder = folderOfTest();
  cpSync(model, folder, { recursive: true });
  return folder;
}

function makeModel(folder: string, init: readonly string[]): void {
  execFileSync('git', ['init', '-q', '-b', 'main', ...init, folder]);
  writeFileSync(join(folder, 'leak'), CREDENTIAL);
  git(folder, 'add', '.');
  git(folder, 'commit', '-q', '-m', 'one');
  git(folder, 'rm', '-q', 'leak');
  git(folder, 'commit', '-q', '-m', 'two');
}

const FOUND = { exitCode: 1, places: ['git:… (leak in commit …)'], skipped: [], notes: [] };

describe('a repository whose configuration, attributes and hooks run commands', () => {
  /** A program that leaves a mark wherever it is run. */
  function trap() {
    const folder = folderOfTest();
    const [program, marks] = [join(folder, 'trap'), join(folder, 'marks')];
    writeFileSync(program, `#!/bin/sh\necho "$0 $*" >> '${marks}'\ncat 2>/dev/null\nexit 0\n`);
    chmodSync(program, 0o755);
    return { program, marks: () => (existsSync(marks) ? readFileSync(marks, 'utf8') : '') };
  }

  function section(key: string, value: string): string {
    const [, head = '', middle, name = ''] = /^([^.]+)(?:\.(.+))?\.([^.]+)$/.exec(key) ?? [];
    const quoted = middle === undefined ? '' : ` "${middle.replaceAll(/["\\]/g, '\\$&')}"`;
    return `[${head}${quoted}]\n\t${name} = "${value}"\n`;
  }

  const COMMANDS = [
    ...['core.fsmonitor', 'core.sshCommand', 'core.gitProxy', 'core.pager', 'core.editor', 'core.askPass'],
    ...['core.alternateRefsCommand', 'core.hooksPath', 'core.attributesFile', 'core.worktree'],
    ...['diff.external', 'diff.x.textconv', 'diff.x.command', 'merge.x.driver'],
    ...['filter.x.clean', 'filter.x.smudge', 'filter.x.process', 'interactive.diffFilter'],
    ...['uploadpack.packObjectsHook', 'credential.helper', 'credential.https://x.helper'],
    ...[
      'gpg.program',
      'gpg.x509.program',
      'gpg.openpgp.program',
      'gpg.ssh.program',
      'gpg.ssh.defaultKeyCommand',
    ],
    ...['sequence.editor', 'alias.cat-file', 'alias.rev-list', 'alias.diff-tree', 'include.path'],
    ...['includeIf.gitdir:/**.path', 'trailer.x.command', 'trailer.x.cmd', 'remote.x.uploadpack'],
    ...[
      'remote.x.receivepack',
      'remote.x.vcs',
      'remote.x.url',
      'remote.x.proxy',
      'pager.cat-file',
      'pager.rev-list',
    ],
    ...['browser.x.cmd', 'man.x.cmd', 'help.browser', 'difftool.x.cmd', 'mergetool.x.cmd', 'guitool.x.cmd'],
    ...['sendemail.toCmd', 'sendemail.ccCmd', 'sendemail.smtpServer', 'instaweb.httpd', 'imap.tunnel'],
    ...[
      'submodule.x.update',
      'tar.x.command',
      'web.browser',
      'extensions.partialClone',
      'protocol.ext.allow',
    ],
    ...[
      'receive.procReceiveRefs',
      'post.x.command',
      'bundle.x.uri',
      'fetch.bundleURI',
      'maintenance.strategy',
    ],
  ];
  /** Every key that this git knows, too: what it adds later may run something. */
  const known = execFileSync('git', ['help', '-c'], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, PAGER: 'cat' },
  })
    .split('\n')
    .map((line) => line.trim().replaceAll(/<[^>]*>|\*/g, 'x'))
    .filter((key) => /^[A-Za-z][A-Za-z0-9-]*(?:\..+)?\.[A-Za-z][A-Za-z0-9]*$/.test(key));

  function hostile(folder: string, keys: readonly string[]): ReturnType<typeof trap> {
    const trapped = trap();
    const values: Record<string, string> = {
      'remote.x.url': `ext::${trapped.program}`,
      'extensions.partialClone': 'x',
    };
    const lines = keys.map((key) => section(key, values[key] ?? trapped.program));
    appendFileSync(join(folder, '.git/config'), lines.join(''));
    mkdirSync(join(folder, '.git/info'), { recursive: true });
    for (const file of ['.gitattributes', '.git/info/attributes'])
      writeFileSync(join(folder, file), '* filter=x diff=x merge=x\n');
    mkdirSync(join(folder, '.git/hooks'), { recursive: true });
    for (const hook of [
      'pre-commit',
      'post-checkout',
      'post-index-change',
      'reference-transaction',
      'fsmonitor-watchman',
    ])
      cpSync(trapped.program, join(folder, '.git/hooks', hook));
    return trapped;
  }

  it('runs them under git itself, so the trap works', () => {
    const folder = made();
    const { marks } = hostile(folder, ['core.fsmonitor']);
    git(folder, 'status', '--short');
    expect(marks()).toContain('trap');
  });

  it.each(COMMANDS)('runs nothing for %s, and is read to its end', async (key) => {
    const folder = made();
    const { marks } = hostile(folder, [key]);
    expect(await scan('--git', folder)).toEqual(FOUND);
    expect(marks()).toBe('');
  });

  it('runs nothing for all keys that git knows together, as a folder, a history and through a hook', async () => {
    expect(known.length).toBeGreaterThan(400);
    const folder = made();
    const { marks } = hostile(folder, [...COMMANDS, ...known]);
    expect(await scan('--git', folder)).toEqual(FOUND);
    await scan(folder);
    const [hook] =
      /^ {2}entry: keyward (.+)$/m.exec(readFileSync('.pre-commit-hooks.yaml', 'utf8'))?.slice(1) ?? [];
    await keyward([...(hook ?? '').split(' '), join(folder, '.gitattributes'), join(folder, '.git/config')]);
    expect(marks()).toBe('');
  });

  it('takes nothing from the environment either', async () => {
    const folder = made();
    const { program, marks } = trap();
    const variables = {
      GIT_DIR: folderOfTest(),
      GIT_EXTERNAL_DIFF: program,
      GIT_SSH_COMMAND: program,
      GIT_PAGER: program,
      GIT_TRACE: join(folder, 'trace'),
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'core.fsmonitor',
      GIT_CONFIG_VALUE_0: program,
      GIT_OBJECT_DIRECTORY: folderOfTest(),
      GIT_TEMPLATE_DIR: folder,
    };
    const argv = [COMMAND_LINE, 'scan', '--offline', '--json', '--git', folder];
    const ran = spawn(process.execPath, argv, { env: { ...process.env, ...variables } });
    const out: Buffer[] = [];
    ran.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    expect((await once(ran, 'close'))[0]).toBe(1);
    expect(JSON.parse(Buffer.concat(out).toString()).findings).toHaveLength(1);
    expect([marks(), existsSync(join(folder, 'trace'))]).toEqual(['', false]);
  });

  it('writes nothing into it', async () => {
    const folder = made();
    const before = execFileSync('find', [folder, '-printf', '%p %s %T@\\n'], { encoding: 'utf8' });
    await scan('--git', folder);
    expect(execFileSync('find', [folder, '-printf', '%p %s %T@\\n'], { encoding: 'utf8' })).toBe(before);
  });
});

describe('a repository of another shape is read as well:', () => {
  it('a bare one, and one that is named by its git directory or from a folder within', async () => {
    const folder = made();
    mkdirSync(join(folder, 'deep/er'), { recursive: true });
    const bare = folderOfTest();
    execFileSync('git', ['clone', '-q', '--bare', folder, bare], { stdio: 'pipe' });
    for (const place of [bare, join(folder, '.git'), join(folder, 'deep/er')]) {
      expect(await scan('--git', place)).toEqual(FOUND);
    }
  });

  it('packed, with packed refs', async () => {
    const folder = made();
    git(folder, 'gc', '-q');
    expect(await scan('--git', folder)).toEqual(FOUND);
  });

  it('of SHA-256, loose and packed', async () => {
    const folder = made('--object-format=sha256');
    expect(await scan('--git', folder)).toEqual(FOUND);
    git(folder, 'gc', '-q');
    expect(await scan('--git', folder)).toEqual(FOUND);
  });

  it('a linked working tree, with a branch of its own', async () => {
    const folder = made();
    const tree = join(folderOfTest(), 'tree');
    git(folder, 'worktree', 'add', '-q', tree, '-b', 'other');
    writeFileSync(join(tree, 'second'), CREDENTIAL);
    git(tree, 'add', '.');
    git(tree, 'commit', '-q', '-m', 'three');
    git(tree, 'checkout', '-q', '--detach');
    git(folder, 'branch', '-q', '-D', 'other');
    for (const place of [tree, folder]) {
      const { exitCode, places, skipped } = await scan('--git', place);
      expect([exitCode, skipped]).toEqual([1, []]);
      expect(places).toEqual(['git:… (second in commit …)']);
    }
  });

  it('one whose objects lie in alternates, in a chain of them', async () => {
    const folder = made();
    const [second, third] = [folderOfTest(), folderOfTest()];
    execFileSync('git', ['clone', '-q', '--shared', '--no-checkout', folder, second], { stdio: 'pipe' });
    execFileSync('git', ['clone', '-q', '--shared', '--no-checkout', second, third], { stdio: 'pipe' });
    expect(await scan('--git', third)).toEqual(FOUND);
  });

  it('one whose alternates name what is not there: that is said', async () => {
    const folder = made();
    mkdirSync(join(folder, '.git/objects/info'), { recursive: true });
    writeFileSync(join(folder, '.git/objects/info/alternates'), '/nonexistent/objects\n');
    const { exitCode, places, skipped } = await scan('--git', folder);
    expect([exitCode, places]).toEqual([1, FOUND.places]);
    expect(skipped).toMatchObject([{ place: folder, why: expect.stringContaining('/nonexistent/objects') }]);
  });

  it('one whose .git is a link', async () => {
    const folder = made();
    const linked = folderOfTest();
    symlinkSync(join(folder, '.git'), join(linked, '.git'));
    expect(await scan('--git', linked)).toEqual(FOUND);
  });

  it.each(['"quoted" and\nbroken', '#comment', 'a\\b:c'])('one in a folder named %j', async (name) => {
    const folder = join(folderOfTest(), name);
    renameSync(made(), folder);
    expect((await scan('--git', folder)).places).toEqual(FOUND.places);
  });

  it('a shallow clone', async () => {
    const folder = made();
    writeFileSync(join(folder, 'second'), CREDENTIAL);
    git(folder, 'add', '.');
    git(folder, 'commit', '-q', '-m', 'three');
    const shallow = folderOfTest();
    execFileSync('git', ['clone', '-q', '--depth', '1', `file://${folder}`, shallow], { stdio: 'pipe' });
    expect(await scan('--git', shallow)).toEqual({ ...FOUND, places: ['git:… (second in commit …)'] });
  });

  it('a partial clone, which fetches nothing', async () => {
    const folder = made();
    writeFileSync(join(folder, 'second'), CREDENTIAL);
    git(folder, 'add', '.');
    git(folder, 'commit', '-q', '-m', 'three');
    git(folder, 'config', 'uploadpack.allowFilter', 'true');
    const partial = folderOfTest();
    const argv = ['clone', '-q', '--filter=blob:none', `file://${folder}`, partial];
    execFileSync('git', argv, { stdio: 'pipe' });
    const packs = () => readdirSync(join(partial, '.git/objects/pack')).length;
    const before = packs();
    expect(await scan('--git', partial)).toEqual({ ...FOUND, places: ['git:… (second in commit …)'] });
    expect(packs()).toBe(before);
  });

  it('a submodule by itself, of which the repository around it tells', async () => {
    const inner = made();
    const outer = made();
    git(outer, '-c', 'protocol.file.allow=always', 'submodule', 'add', '-q', inner, 'sub');
    const place = join(outer, '.git/modules/sub');
    const note = `a submodule; its history is not looked into: keyward scan --git ${place}`;
    expect(await scan('--git', outer)).toMatchObject({ exitCode: 1, notes: [{ place, note }] });
    for (const named of [place, join(outer, 'sub')]) expect(await scan('--git', named)).toEqual(FOUND);
  });
});

describe('a repository that hides something', () => {
  it.each([
    ['a lying index of packs', 'objects/pack/multi-pack-index'],
    ['a lying commit graph', 'objects/info/commit-graph'],
    ['replaced objects', 'info/grafts'],
  ])('by %s is read to its end', async (_, file) => {
    const folder = made();
    git(folder, 'gc', '-q');
    mkdirSync(join(folder, '.git', file, '..'), { recursive: true });
    rmSync(join(folder, '.git', file), { force: true });
    writeFileSync(join(folder, '.git', file), 'nonsense\n');
    expect(await scan('--git', folder)).toEqual(FOUND);
  });

  it('says so where its refs cannot be read', async () => {
    const folder = made();
    mkdirSync(join(folder, '.git/reftable'));
    writeFileSync(join(folder, '.git/reftable/tables.list'), 'x.ref\n');
    const { exitCode, skipped } = await scan('--git', folder);
    expect([exitCode, skipped]).toMatchObject([
      1,
      [{ place: folder, why: 'paths not known: its refs are kept as reftable, which is not read' }],
    ]);
  });

  it('waits for no pipe and no device in the place of a file that names a folder', async () => {
    const folder = made();
    execFileSync('mkfifo', [join(folder, '.git/commondir')]);
    expect(await scan('--git', folder)).toEqual(FOUND);
    rmSync(join(folder, '.git/commondir'));
    symlinkSync('/dev/zero', join(folder, '.git/commondir'));
    expect(await scan('--git', folder)).toEqual(FOUND);
  });

  describe('by what git would wait for', () => {
    const alternates = (folder: string) => join(folder, '.git/objects/info/alternates');
    const loose = (folder: string) => join(folder, '.git/objects/ab', 'c'.repeat(38));
    const pack = (folder: string) => join(folder, '.git/objects/pack', `pack-${'a'.repeat(40)}.idx`);
    const put = (path: string, what: string) => {
      mkdirSync(join(path, '..'), { recursive: true });
      if (what === 'pipe') execFileSync('mkfifo', [path]);
      else symlinkSync(what, path);
    };
    const refused = async (folder: string, path: string) =>
      expect(await scan('--git', folder)).toMatchObject({
        exitCode: 2,
        skipped: [{ place: folder, why: expect.stringContaining(`${path} is neither a file nor a folder`) }],
      });

    it.each([
      ['its alternates as a pipe', alternates, 'pipe'],
      ['its alternates as a device', alternates, '/dev/zero'],
      ['an object as a pipe', loose, 'pipe'],
      ['an object as a device', loose, '/dev/zero'],
      ['the index of a pack as a pipe', pack, 'pipe'],
    ])('is not read: %s', async (_, at, what) => {
      const folder = made();
      put(at(folder), what);
      await refused(folder, at(folder));
    });

    it.each(['plain', 'quoted'])('is not read either where an alternate has it: %s', async (how) => {
      const [folder, other] = [made(), made()];
      const objects = join(other, '.git/objects');
      put(loose(other), 'pipe');
      mkdirSync(join(alternates(folder), '..'), { recursive: true });
      const written = how === 'plain' ? objects : `"${objects.replace('objects', '\\157bjects')}"`;
      writeFileSync(alternates(folder), `# a comment\n${written}\n`);
      await refused(folder, loose(other));
    });

    it('is not read where its list of alternates is huge', async () => {
      const folder = made();
      mkdirSync(join(alternates(folder), '..'), { recursive: true });
      writeFileSync(alternates(folder), '/nonexistent\n'.repeat(100_000));
      expect(await scan('--git', folder)).toMatchObject({
        exitCode: 2,
        skipped: [{ why: expect.stringContaining(`${alternates(folder)} is larger than`) }],
      });
    });

    it('is read where that lies beside what git opens, and where a link leads to a file or nowhere', async () => {
      const folder = made();
      put(join(folder, '.git/objects/other'), 'pipe');
      put(join(folder, '.git/objects/pack/nowhere.keep'), '/nonexistent');
      put(join(folder, '.git/objects/pack/linked.keep'), join(folder, '.git/HEAD'));
      expect(await scan('--git', folder)).toEqual(FOUND);
    });
  });

  it('is none where there is no git directory', async () => {
    const folder = folderOfTest();
    writeFileSync(join(folder, '.git'), 'gitdir: .git\n');
    expect(await scan('--git', folder)).toMatchObject({
      exitCode: 2,
      skipped: [{ place: folder, why: `not readable: not a git repository: ${folder}` }],
    });
  });
});

describe('the folder that a scan makes', () => {
  const { path: temporary, remove } = temporaryFolder();
  afterAll(remove);
  const left = () => readdirSync(temporary);
  afterEach(() => expect(left()).toEqual([]));

  const start = (folder: string) =>
    spawn(process.execPath, [COMMAND_LINE, 'scan', '--offline', '--stdin', '--git', folder], {
      env: { ...process.env, TMPDIR: temporary },
      stdio: ['pipe', 'pipe', 'inherit'],
    });

  it('goes with the scan', async () => {
    const ran = start(made());
    ran.stdin.end();
    expect((await once(ran, 'close'))[0]).toBe(1);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'goes with %s, which still ends the scan',
    async (signal) => {
      const ran = start(made());
      // Standard input is read last, so the folder is there as long as that stays open.
      await expect.poll(left, { timeout: 60_000, interval: 20 }).toHaveLength(1);
      ran.kill(signal);
      expect(await once(ran, 'close')).toEqual([null, signal]);
    },
  );
});
