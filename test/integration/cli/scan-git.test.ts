import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { keyward } from '../../support/command-line.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { makeZip } from '../../support/make-zip.ts';
import { CREDENTIAL, PEM } from '../../support/plant.ts';

interface Report {
  readonly findings: readonly { readonly kind: string; readonly place: string }[];
  readonly skipped: readonly { readonly place: string; readonly why: string }[];
  readonly notes: readonly { readonly place: string; readonly note: string }[];
}

async function scanned(...argv: string[]) {
  const { exitCode, out } = await keyward(['scan', '--offline', '--json', ...argv]);
  return { exitCode, ...(JSON.parse(out) as Report) };
}

async function scan(...argv: string[]) {
  const { exitCode, findings, skipped, notes } = await scanned(...argv);
  return { exitCode, kinds: findings.map(({ kind }) => kind), skipped, notes };
}

async function sarif(...argv: string[]) {
  const { out } = await keyward(['scan', '--offline', '--sarif', ...argv]);
  return JSON.parse(out).runs[0];
}

/** A repository in `folder`: `git` runs there, `put` writes a file, `commit` takes all of it. */
function repository(folder = folderOfTest()) {
  mkdirSync(folder, { recursive: true });
  const person = ['-c', 'user.name=a', '-c', 'user.email=a@example.org'];
  const git = (...argv: string[]) =>
    execFileSync('git', ['-C', folder, ...person, ...argv], { encoding: 'utf8', stdio: 'pipe' }).trim();
  const put = (name: string, content: string | Buffer) => {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), content);
  };
  const commit = (message = 'x') => {
    git('add', '-A');
    git('commit', '-q', '-m', message);
    return git('rev-parse', 'HEAD');
  };
  git('init', '-q', '-b', 'main');
  return { folder, git, put, commit };
}

function withSecretInHistory(folder?: string) {
  const made = repository(folder);
  made.put('leak', CREDENTIAL);
  made.commit();
  made.git('rm', '-q', 'leak');
  made.put('clean', 'nothing');
  made.commit();
  return made;
}

const BUNDLE = 'git bundle is not unpacked: git clone --mirror, then keyward scan --git';
const PACK = 'git pack is not unpacked: git unpack-objects, then keyward scan --git';
const unread = (at: string) => `the history is not looked into: keyward scan --git ${at}`;

it('tells who scans a working tree of its history in a note, also in SARIF', async () => {
  const { folder } = withSecretInHistory();
  const place = join(folder, '.git');
  expect(await scan(folder)).toEqual({
    exitCode: 0,
    kinds: [],
    skipped: [],
    notes: [{ place, note: unread(folder) }],
  });
  const { invocations } = await sarif(folder);
  expect(invocations).toEqual([
    {
      executionSuccessful: true,
      toolExecutionNotifications: [
        {
          level: 'note',
          message: { text: unread(folder) },
          locations: [{ physicalLocation: { artifactLocation: { uri: `file://${place}` } } }],
        },
      ],
    },
  ]);
  expect(await scan('--git', folder)).toMatchObject({ exitCode: 1, kinds: ['client_credential'] });
});

it('does not call clean a repository that is named itself, in whole or in part', async () => {
  const { folder, git } = withSecretInHistory();
  const own = join(folder, '.git');
  const [blob] = git('rev-parse', 'HEAD~1:leak').match(/^../) ?? [];
  const link = join(folderOfTest(), 'link');
  symlinkSync(join(own, 'objects'), link);
  for (const place of [own, `${own}/`, join(own, 'objects'), join(own, 'objects', `${blob}`), link]) {
    const skipped = [{ place: expect.stringContaining(place.replace(/\/$/, '')), why: unread(`${folder}`) }];
    expect([place, await scan(place)]).toEqual([place, { exitCode: 2, kinds: [], skipped, notes: [] }]);
  }
  expect(await scan(join(own, 'config'), join(own, 'hooks'))).toMatchObject({ exitCode: 0, notes: [] });
  const { invocations } = await sarif(own);
  expect(invocations[0]).toMatchObject({
    executionSuccessful: false,
    toolExecutionNotifications: [{ level: 'warning', message: { text: `not read: ${unread(folder)}` } }],
  });
});

it('does not call clean a bare repository, nor a folder of them; one of that look that is none is read', async () => {
  const { folder } = withSecretInHistory();
  const mirrors = folderOfTest();
  const bare = join(mirrors, 'bare.git');
  execFileSync('git', ['clone', '-q', '--mirror', folder, bare]);
  for (const place of [bare, mirrors]) {
    expect(await scan(place)).toMatchObject({ exitCode: 2, skipped: [{ place: bare, why: unread(bare) }] });
  }
  expect(await scan('--git', bare)).toMatchObject({ exitCode: 1, kinds: ['client_credential'] });
  const other = folderOfTest();
  mkdirSync(join(other, 'objects'));
  writeFileSync(join(other, 'objects', 'a'), PEM.sec1);
  expect(await scan(other)).toMatchObject({ exitCode: 1, kinds: ['private_key'], skipped: [] });
});

it('does not call clean a bundle or a pack, whatever its name; what begins much like one is read', async () => {
  const { folder, git } = withSecretInHistory();
  git('gc', '-q');
  const packs = join(folder, '.git/objects/pack');
  const [pack = ''] = readdirSync(packs).filter((name) => name.endsWith('.pack'));
  git('bundle', 'create', '-q', join(folder, 'all'), '--all');
  writeFileSync(join(folder, 'objects'), readFileSync(join(packs, pack)));
  const bundle = { place: join(folder, 'all'), why: BUNDLE };
  const lone = { place: join(folder, 'objects'), why: PACK };
  expect(await scan(bundle.place)).toEqual({ exitCode: 2, kinds: [], skipped: [bundle], notes: [] });
  expect(await scan(lone.place)).toEqual({ exitCode: 2, kinds: [], skipped: [lone], notes: [] });
  writeFileSync(join(folder, 'text'), '# v2 git bundles are not read\n');
  writeFileSync(join(folder, 'list'), 'PACKAGES\n');
  expect(await scan(join(folder, 'text'), join(folder, 'list'))).toMatchObject({ exitCode: 0, skipped: [] });
});

it('finds what is in a bundle and in a pack in the way that it says', async () => {
  const { folder, git } = withSecretInHistory();
  git('gc', '-q');
  git('bundle', 'create', '-q', join(folder, 'all.bundle'), '--all');
  const mirror = join(folderOfTest(), 'mirror');
  execFileSync('git', ['clone', '-q', '--mirror', join(folder, 'all.bundle'), mirror]);
  expect(await scan('--git', mirror)).toMatchObject({ exitCode: 1, kinds: ['client_credential'] });
  const packs = join(folder, '.git/objects/pack');
  const [pack = ''] = readdirSync(packs).filter((name) => name.endsWith('.pack'));
  const other = repository();
  execFileSync('git', ['-C', other.folder, 'unpack-objects', '-q'], {
    input: readFileSync(join(packs, pack)),
  });
  expect(await scan('--git', other.folder)).toMatchObject({ exitCode: 1, kinds: ['client_credential'] });
});

it('reads what lies among the objects of a repository and is none, wherever it was put', async () => {
  const { folder, put } = withSecretInHistory();
  const id = 'ab'.repeat(19);
  for (const name of [`ff/${id}`, `pack/pack-${id}ab.idx`]) put(`.git/objects/${name}`, CREDENTIAL);
  expect(await scan(folder)).toMatchObject({ exitCode: 0, kinds: [], skipped: [] });
  const hidden = [
    'secret.env',
    'ff/secret',
    `ff/${id}0`,
    'pack/secret',
    'info/secret',
    `fff/${id}`,
    `ff/x/${id}`,
  ];
  for (const name of hidden) put(`.git/objects/${name}`, CREDENTIAL);
  const { exitCode, findings, notes } = await scanned(folder);
  expect([exitCode, findings.map(({ place }) => place), notes.length]).toEqual([
    1,
    hidden.map((name) => join(folder, '.git/objects', name)).sort(),
    1,
  ]);
  expect((await scan(join(folder, '.git/objects'))).kinds).toHaveLength(hidden.length);
  expect(await scan(join(folder, '.git/objects/info'))).toMatchObject({ exitCode: 1, skipped: [{}] });
  expect(await scan(join(folder, '.git/objects/secret.env'))).toMatchObject({ exitCode: 1, skipped: [] });
});

/** Of one finding, where it is. */
async function placed(folder: string) {
  const { results } = await sarif('--git', folder);
  expect(results).toHaveLength(1);
  const [{ message, locations, properties }] = results;
  expect(locations).toHaveLength(1);
  return { ...locations[0].physicalLocation, ...locations[0], message: message.text, properties };
}

it('places a finding in SARIF at the path of the blob in the newest commit that brought it there', async () => {
  const { folder, git, put, commit } = repository();
  put('old/dev one.txt', `\n${CREDENTIAL}\n`);
  commit();
  put('other', 'of no matter');
  git('mv', 'old', 'new folder');
  const moved = commit();
  git('rm', '-q', '-r', 'new folder');
  commit();
  const blob = git('rev-parse', `${moved}:new folder/dev one.txt`);
  const name = `git:${blob.slice(0, 12)} (new folder/dev one.txt in commit ${moved.slice(0, 12)})`;
  expect(await placed(folder)).toMatchObject({
    artifactLocation: { uri: 'new%20folder/dev%20one.txt' },
    region: { startLine: 2 },
    logicalLocations: [{ fullyQualifiedName: name }],
    message: expect.stringMatching(new RegExp(`\\(43 characters\\); in commit ${moved}$`)),
    properties: { blob, commit: moved },
  });
  expect((await keyward(['scan', '--offline', '--git', folder])).out).toContain(`${name}:2`);
});

it('names the commit of a branch for what a merge brought, and the merge for what was put into it', async () => {
  const { folder, git, put, commit } = repository();
  put('a', 'a');
  commit();
  git('checkout', '-q', '-b', 'side');
  put('leak', CREDENTIAL);
  const onBranch = commit();
  git('checkout', '-q', 'main');
  git('merge', '-q', '--no-ff', '--no-commit', 'side');
  put('in-merge', PEM.sec1);
  const merge = commit();
  const { results } = await sarif('--git', folder);
  const commits = results.map((each: { ruleId: string; properties: { commit: string } }) => [
    each.ruleId,
    each.properties.commit,
  ]);
  expect(commits.sort()).toEqual([
    ['client_credential', onBranch],
    ['private_key', merge],
  ]);
});

it('places at .git what has no path: messages, and what no commit reaches', async () => {
  const { folder, git, put, commit } = repository();
  put('a', 'a');
  const told = commit(`it was ${CREDENTIAL}`);
  expect(await placed(folder)).toEqual({
    artifactLocation: { uri: '.git' },
    physicalLocation: { artifactLocation: { uri: '.git' } },
    logicalLocations: [{ fullyQualifiedName: `git:${told.slice(0, 12)} (commit)` }],
    message: expect.stringContaining(`; in commit ${told}`),
    properties: { commit: told },
  });

  const tagged = repository();
  tagged.put('a', 'a');
  tagged.commit();
  tagged.git('tag', '-a', '-m', CREDENTIAL, 'v1');
  const tag = tagged.git('rev-parse', 'v1');
  expect(await placed(tagged.folder)).toMatchObject({
    artifactLocation: { uri: '.git' },
    logicalLocations: [{ fullyQualifiedName: `git:${tag.slice(0, 12)} (tag)` }],
    properties: { tag, commit: null },
  });

  const lost = repository();
  lost.put('a', CREDENTIAL);
  const blob = lost.git('hash-object', '-w', 'a');
  expect(await placed(lost.folder)).toMatchObject({
    artifactLocation: { uri: '.git' },
    logicalLocations: [{ fullyQualifiedName: `git:${blob.slice(0, 12)} (reached by no commit)` }],
    properties: { blob, commit: null },
  });
  lost.git('tag', 'of-a-blob', blob);
  expect(await placed(lost.folder)).toMatchObject({
    logicalLocations: [{ fullyQualifiedName: `git:${blob.slice(0, 12)} (blob)` }],
  });
  expect(git('rev-list', '--count', 'HEAD')).toBe('1');
});

it('places an entry of an archive at the archive, and names it: in a folder and in a history', async () => {
  const { folder, git, put, commit } = repository();
  put('a!b.zip', makeZip([{ name: 'etc/key.pem', content: PEM.sec1 }]));
  put('packed.zip', makeZip([{ name: 'inner.xz', content: Buffer.from('fd377a585a0000', 'hex') }]));
  const added = commit();
  const path = join(folder, 'a!b.zip');
  const onDisk = await sarif(path);
  expect(onDisk.results[0].locations).toEqual([
    {
      physicalLocation: { artifactLocation: { uri: `file://${folder}/a!b.zip` } },
      logicalLocations: [{ fullyQualifiedName: `${path}!etc/key.pem` }],
    },
  ]);
  const { results, invocations } = await sarif('--git', folder);
  const name = (file: string, entry: string) =>
    `git:${git('rev-parse', `HEAD:${file}`).slice(0, 12)} (${file} in commit ${added.slice(0, 12)})!${entry}`;
  expect(results[0].locations).toEqual([
    {
      physicalLocation: { artifactLocation: { uri: 'a!b.zip' } },
      logicalLocations: [{ fullyQualifiedName: name('a!b.zip', 'etc/key.pem') }],
    },
  ]);
  expect(invocations[0].toolExecutionNotifications).toEqual([
    {
      level: 'warning',
      message: { text: 'not read: xz is not unpacked' },
      locations: [
        {
          physicalLocation: { artifactLocation: { uri: 'packed.zip' } },
          logicalLocations: [{ fullyQualifiedName: name('packed.zip', 'inner.xz') }],
        },
      ],
    },
  ]);
});

it('runs nothing that the repository configures while it looks for paths', async () => {
  const { folder, git, put, commit } = repository();
  const ran = join(folder, 'ran');
  put('tool', `#!/bin/sh\ntouch '${ran}'\n`);
  chmodSync(join(folder, 'tool'), 0o755);
  put('leak', CREDENTIAL);
  put('.gitattributes', '* diff=tool filter=tool\n');
  commit();
  for (const key of ['diff.external', 'diff.tool.textconv', 'diff.tool.command', 'gpg.program', 'core.pager'])
    git('config', key, join(folder, 'tool'));
  for (const key of ['log.showSignature', 'diff.renames']) git('config', key, 'true');
  expect(await placed(folder)).toMatchObject({ artifactLocation: { uri: 'leak' } });
  expect(existsSync(ran)).toBe(false);
});
