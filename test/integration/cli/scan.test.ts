import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { makeCredential, makePin } from '../../../src/kernel/credential.ts';
import { keyward, NOW } from '../../support/command-line.ts';
import { operationsStub } from '../../support/operations-stub.ts';
import { CREDENTIAL, PEM, tokenLike } from '../../support/plant.ts';

const root = mkdtempSync(join(tmpdir(), 'keyward-scan-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(root, 'case-'));
});

const put = (name: string, content: string | Buffer) => {
  mkdirSync(join(folder, name, '..'), { recursive: true });
  writeFileSync(join(folder, name), content);
};
const scan = async (...argv: string[]) => {
  const ran = await keyward(['scan', '--offline', '--json', ...argv]);
  const report = JSON.parse(ran.out) as {
    findings: {
      kind: string;
      place: string;
      offset: number;
      line: number | null;
      excerpt: string;
      about: string | null;
      fingerprint: string;
    }[];
    more: number;
    skipped: { place: string; why: string }[];
  };
  return { ...ran, ...report, kinds: report.findings.map(({ kind }) => kind).sort() };
};
async function tarOf(files: Record<string, string | Buffer>): Promise<Buffer> {
  const tar = pack();
  for (const [name, content] of Object.entries(files)) tar.entry({ name }, Buffer.from(content));
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

describe('keyward scan', () => {
  it('ends with 0 where nothing is, 1 where something is, 2 where something could not be read', async () => {
    put('clean.txt', 'nothing to see\n');
    expect(await scan(folder)).toMatchObject({ exitCode: 0, findings: [], skipped: [] });
    put('packed.xz', Buffer.from('fd377a585a0000', 'hex'));
    expect(await scan(folder)).toMatchObject({
      exitCode: 2,
      findings: [],
      skipped: [{ place: join(folder, 'packed.xz'), why: 'xz is not unpacked' }],
    });
    put('leak.txt', `\nkey: ${CREDENTIAL}\n`);
    expect(await scan(folder)).toMatchObject({ exitCode: 1, skipped: [{}] });
    expect((await scan(join(folder, 'missing'))).exitCode).toBe(2);
    expect((await keyward(['scan', '--offline'])).exitCode).toBe(2);
  });

  it('says where and what, and never the secret', async () => {
    put('leak.txt', `\nkey: ${CREDENTIAL}\n${tokenLike()}\n${PEM.pkcs8}`);
    const ran = await scan(join(folder, 'leak.txt'));
    const fingerprint = expect.stringMatching(/^[0-9a-f]{32}$/);
    const here = { place: join(folder, 'leak.txt'), about: null, fingerprint };
    const token = expect.stringMatching(/^eyJhbGciOiJF… \(\d+ characters and a signature\)$/);
    const credential = `${CREDENTIAL.slice(0, 9)}… (43 characters)`;
    expect(ran.findings).toEqual([
      { ...here, kind: 'client_credential', offset: 6, line: 2, excerpt: credential },
      { ...here, kind: 'token_unchecked', offset: 50, line: 3, excerpt: token },
      { ...here, kind: 'private_key', offset: expect.any(Number), line: 4, excerpt: 'PRIVATE KEY' },
    ]);
    const { out } = await keyward(['scan', '--offline', folder]);
    for (const text of [out, ran.out]) {
      expect(text).not.toContain(CREDENTIAL.slice(0, 12));
      expect(text).not.toContain(tokenLike().split('.')[1]);
      expect(text).not.toContain(PEM.pkcs8.split('\n')[1]?.slice(0, 20));
    }
    expect(out).toContain(`${join(folder, 'leak.txt')}:2`);
    expect(out).toMatch(/3 found: 1 file, \d+ bytes read/);
  });

  it('leaves out a token that says of itself that it has expired', async () => {
    put('a', tokenLike({ iat: NOW - 100, exp: NOW }));
    expect((await scan(folder)).kinds).toEqual([]);
    put('a', tokenLike({ iat: NOW - 100, exp: NOW + 1 }));
    expect((await scan(folder)).kinds).toEqual(['token_unchecked']);
  });

  it('looks into gzip, tar and what is nested, and does not follow links out of a folder', async () => {
    const inner = await tarOf({ 'etc/key.pem': PEM.pkcs8 });
    put('backup.tgz', gzipSync(await tarOf({ 'a/inner.tar.gz': gzipSync(inner), 'a/plain': CREDENTIAL })));
    put('elsewhere/leak', CREDENTIAL);
    mkdirSync(join(folder, 'looked-at'));
    symlinkSync(join(folder, 'elsewhere'), join(folder, 'looked-at', 'link'));
    const { findings, skipped } = await scan(join(folder, 'backup.tgz'), join(folder, 'looked-at'));
    expect(skipped).toEqual([]);
    expect(findings.map(({ kind, place, offset }) => [kind, place.slice(folder.length + 1), offset])).toEqual(
      [
        ['private_key', 'backup.tgz!backup.tar!a/inner.tar.gz!inner.tar!etc/key.pem', 0],
        ['client_credential', 'backup.tgz!backup.tar!a/plain', 0],
      ],
    );
  });

  it('says what of a broken archive it could not read', async () => {
    const whole = gzipSync(Buffer.concat([Buffer.from(CREDENTIAL), Buffer.alloc(100_000, 'x')]));
    put('cut.gz', whole.subarray(0, whole.length - 20));
    const { exitCode, skipped } = await scan(join(folder, 'cut.gz'));
    expect(exitCode).not.toBe(0);
    expect(skipped).toEqual([
      {
        place: join(folder, 'cut.gz!cut'),
        entry: 'cut',
        why: expect.stringMatching(/^not readable to its end/),
      },
    ]);
  });

  it('finds in a repository what was removed, and what no commit reaches', async () => {
    const git = (...argv: string[]) =>
      execFileSync('git', ['-C', folder, '-c', 'user.name=a', '-c', 'user.email=a@example.org', ...argv])
        .toString()
        .trim();
    git('init', '-q', '-b', 'main');
    put('config/dev.txt', `credential=${CREDENTIAL}\n`);
    git('add', '.');
    git('commit', '-q', '-m', 'one');
    git('rm', '-q', '-r', 'config');
    git('commit', '-q', '-m', 'two');
    const lost = execFileSync('git', ['-C', folder, 'hash-object', '-w', '--stdin'], { input: PEM.sec1 })
      .toString()
      .trim();
    const { exitCode, findings, skipped } = await scan('--git', folder);
    expect([exitCode, skipped]).toEqual([1, []]);
    const byKind = findings.toSorted((a, b) => b.kind.localeCompare(a.kind));
    expect(byKind.map(({ kind, place, line }) => [kind, place, line])).toEqual([
      ['private_key', `git:${lost.slice(0, 12)} (reached by no commit)`, 1],
      [
        'client_credential',
        expect.stringMatching(/^git:[0-9a-f]{12} \(config\/dev\.txt in commit [0-9a-f]{12}\)$/),
        1,
      ],
    ]);
    expect(await scan('--git', join(folder, 'config-that-is-not'))).toMatchObject({
      exitCode: 2,
      findings: [],
    });
  });

  it('tells what it found in a repository that is damaged, and that it is', async () => {
    const git = (...argv: string[]) =>
      execFileSync('git', ['-C', folder, '-c', 'user.name=a', '-c', 'user.email=a@example.org', ...argv])
        .toString()
        .trim();
    git('init', '-q');
    put('a', CREDENTIAL);
    git('add', '.');
    git('commit', '-q', '-m', 'one');
    const tree = git('rev-parse', 'HEAD^{tree}');
    rmSync(join(folder, '.git', 'objects', tree.slice(0, 2), tree.slice(2)), { force: true });
    expect((await scan('--git', folder)).findings).toMatchObject([
      {
        kind: 'client_credential',
        place: expect.stringMatching(/^git:[0-9a-f]{12} \(path not known: the history cannot be read\)$/),
      },
    ]);
    const blob = git('hash-object', 'a');
    rmSync(join(folder, '.git', 'objects', blob.slice(0, 2), blob.slice(2)), { force: true });
    put(`.git/objects/${blob.slice(0, 2)}/${blob.slice(2)}`, 'damaged');
    expect(await scan('--git', folder)).toMatchObject({
      exitCode: 2,
      findings: [],
      skipped: [{ place: folder, why: expect.stringMatching(/^not readable to its end: /) }],
    });
  });

  it('tells what it found where a branch is broken, and still names the rest', async () => {
    const git = (...argv: string[]) =>
      execFileSync('git', ['-C', folder, '-c', 'user.name=a', '-c', 'user.email=a@example.org', ...argv]);
    git('init', '-q');
    put('a', CREDENTIAL);
    git('add', '.');
    git('commit', '-q', '-m', 'one');
    put('.git/refs/heads/broken', `${'1'.repeat(40)}\n`);
    expect(await scan('--git', folder)).toMatchObject({
      exitCode: 1,
      findings: [{ place: expect.stringMatching(/^git:[0-9a-f]{12} \(a in commit [0-9a-f]{12}\)$/) }],
      skipped: [],
    });
  });

  it('finds what names and links hold, and does not print it with them', async () => {
    const [named, linked, listed] = [CREDENTIAL, makeCredential('svc').text, makeCredential('ops').text];
    put(`${named}/${named}.txt`, 'nothing');
    symlinkSync(`/nowhere/${linked}`, join(folder, 'link'));
    put(
      'inner.tar',
      await tarOf({ [listed]: 'nothing', [`${listed}/packed.xz`]: Buffer.from('fd377a585a0000', 'hex') }),
    );
    const [ran, told] = [await scan(folder), await keyward(['scan', '--offline', folder])];
    expect(ran.findings.map(({ kind, place }) => [kind, place.slice(folder.length)])).toEqual([
      ['client_credential', ''],
      ['client_credential', ''],
      ['operator_credential', '/inner.tar'],
      ['client_credential', `/${named.slice(0, 9)}…`],
    ]);
    for (const text of [ran.out, told.out])
      for (const secret of [named, linked, listed]) expect(text).not.toContain(secret.slice(0, 12));
  });

  it('finds what the names of a repository hold', async () => {
    const git = (...argv: string[]) =>
      execFileSync('git', ['-C', folder, '-c', 'user.name=a', '-c', 'user.email=a@example.org', ...argv]);
    git('init', '-q');
    put(`config/${CREDENTIAL}`, PEM.sec1);
    git('add', '.');
    git('commit', '-q', '-m', 'one');
    const { findings, out } = await scan('--git', folder);
    const short = (place: string) => place.replaceAll(/[0-9a-f]{12}/g, '');
    expect(findings.map(({ kind, place }) => `${kind} ${short(place)}`).sort()).toEqual([
      'client_credential git: (tree)',
      `private_key git: (config/${CREDENTIAL.slice(0, 9)}… in commit )`,
    ]);
    expect(out).not.toContain(CREDENTIAL.slice(0, 12));
  });

  it('ignores what is known and harmless, wherever it stands, and says how much', async () => {
    put('a', `${CREDENTIAL}\n${PEM.sec1}`);
    put('b', PEM.sec1);
    const [, { fingerprint } = { fingerprint: '' }] = (await scan(folder)).findings;
    const file = join(root, 'ignored');
    writeFileSync(file, `# known\n\n${fingerprint}  # of the tests\n`);
    expect(await scan('--ignore-file', file, folder)).toMatchObject({
      exitCode: 1,
      findings: [{ kind: 'client_credential' }],
      notes: [{ place: file, note: '2 findings are ignored, as it says' }],
    });
    expect((await scan('--ignore-file', file, join(folder, 'b'))).exitCode).toBe(0);
    writeFileSync(file, 'not a fingerprint');
    const wrong = await keyward(['scan', '--offline', '--ignore-file', file, folder]);
    expect([wrong.exitCode, wrong.out]).toEqual([2, '']);
    expect(
      (await keyward(['scan', '--offline', '--ignore-file', join(folder, 'none'), folder])).exitCode,
    ).toBe(2);
  });

  it('takes no word of what it scans about what to ignore: a file does so only where it is named', async () => {
    put('a', CREDENTIAL);
    const [{ fingerprint } = { fingerprint: '' }] = (await scan(folder)).findings;
    put('.keywardignore', `${fingerprint}\n`);
    put('sub/a', CREDENTIAL);
    put('sub/.keywardignore', `${fingerprint}\n`);
    put('backup.tar', await tarOf({ '.keywardignore': fingerprint, a: CREDENTIAL }));
    const here = process.cwd();
    process.chdir(folder);
    try {
      expect((await scan('.')).kinds).toEqual([
        'client_credential',
        'client_credential',
        'client_credential',
      ]);
      const named = await scan('--ignore-file', '.keywardignore', '.');
      expect([named.exitCode, named.findings]).toEqual([0, []]);
    } finally {
      process.chdir(here);
    }
  });

  it('passes over the objects of a repository within a folder, and says how they are read', async () => {
    execFileSync('git', ['init', '-q', folder]);
    put('a.txt', 'nothing');
    expect(await scan(folder)).toMatchObject({
      exitCode: 0,
      notes: [
        {
          place: join(folder, '.git'),
          note: `the history is not looked into: keyward scan --git ${folder}`,
        },
      ],
    });
    put('.git/config.bak', CREDENTIAL);
    expect((await scan(folder)).kinds).toEqual(['client_credential']);
  });

  it('writes SARIF 2.1.0', async () => {
    put('leak.txt', `\n${CREDENTIAL}`);
    put('packed.xz', Buffer.from('fd377a585a0000', 'hex'));
    const { exitCode, out } = await keyward(['scan', '--offline', '--sarif', folder]);
    const { version, runs } = JSON.parse(out);
    expect([exitCode, version]).toEqual([1, '2.1.0']);
    expect(runs[0].results).toEqual([
      {
        ruleId: 'client_credential',
        ruleIndex: 0,
        partialFingerprints: { 'keywardSecret/v1': expect.stringMatching(/^[0-9a-f]{32}$/) },
        level: 'error',
        message: { text: expect.stringContaining('Credential of a Keyward client: kw_svc_') },
        locations: [
          {
            physicalLocation: {
              artifactLocation: { uri: `file://${folder}/leak.txt` },
              region: { startLine: 2 },
            },
          },
        ],
      },
    ]);
    expect(runs[0].invocations[0].executionSuccessful).toBe(false);
    expect(runs[0].invocations[0].toolExecutionNotifications[0].message.text).toBe(
      'not read: xz is not unpacked',
    );
  });
});

describe('keyward scan, of PINs', () => {
  const made = makePin();
  const pinFile = (pin: string, mode = 0o600, name = 'pin') => {
    const file = join(root, name);
    rmSync(file, { force: true });
    writeFileSync(file, pin, { mode: 0o600 });
    chmodSync(file, mode);
    return file;
  };

  it('finds one that Keyward made without asking anybody, and shows nothing of it', async () => {
    put(`of-${made}/.env`, `HSM_PIN=${made}\n`);
    const ran = await scan(folder);
    const fingerprint = expect.stringMatching(/^[0-9a-f]{32}$/);
    const pin = { kind: 'pin', excerpt: 'kw_pin_…', about: null, fingerprint };
    expect(ran.findings).toEqual([
      { ...pin, place: folder, offset: 3, line: 1 },
      { ...pin, place: join(folder, `of-${made.slice(0, 9)}…`, '.env'), offset: 8, line: 1 },
    ]);
    const { out } = await keyward(['scan', '--offline', folder]);
    for (const text of [out, ran.out]) expect(text).not.toContain(made.slice(7, 14));
  });

  it.each([made, 's3cr!t PIN'])(
    'finds the one in a file by its bytes, in archives and names too, and shows nothing of it: %s',
    async (pin) => {
      put(`${pin}.txt`, 'nothing');
      put('core', Buffer.concat([Buffer.alloc(9, 1), Buffer.from(pin, 'utf16le')]));
      put('backup.tgz', gzipSync(await tarOf({ [`${pin}/a`]: Buffer.from(pin).toString('base64') })));
      const ran = await scan('--pin-file', pinFile(`${pin}\n`), folder);
      const about = join(root, 'pin');
      // One that people made could be guessed by it.
      const fingerprint = pin === made ? expect.stringMatching(/^[0-9a-f]{32}$/) : null;
      const found = { kind: 'pin', excerpt: 'the PIN in the PIN file', about, fingerprint };
      expect(ran.findings).toEqual([
        { ...found, place: folder, offset: 0, line: 1 },
        expect.objectContaining({
          ...found,
          place: join(folder, 'backup.tgz!backup.tar![PIN]/a'),
          offset: 0,
        }),
        { ...found, place: join(folder, 'core'), offset: 9, line: null },
      ]);
      const sarif = await keyward(['scan', '--offline', '--sarif', '--pin-file', pinFile(pin), folder]);
      const text = await keyward(['scan', '--offline', '--pin-file', pinFile(pin), folder]);
      for (const { out, err, exitCode } of [ran, sarif, text]) {
        expect(exitCode).toBe(1);
        for (const form of [pin, encodeURIComponent(pin)]) expect(out + err).not.toContain(form);
      }
    },
  );

  it('finds it in a history, in a message and in the name of a file', async () => {
    const git = (...argv: string[]) =>
      execFileSync('git', ['-C', folder, '-c', 'user.name=a', '-c', 'user.email=a@example.org', ...argv]);
    git('init', '-q');
    put('48213077.txt', 'PIN is in the name, and %34%38213077 here');
    git('add', '.');
    git('commit', '-q', '-m', 'the PIN 48213077 of today');
    const { kinds, out } = await scan('--pin-file', pinFile('48213077'), '--git', folder);
    expect(kinds).toEqual(['pin', 'pin', 'pin']);
    expect(out).not.toContain('48213077');
  });

  it('finds those of several files, says of which each is, and shows none in the name of another', async () => {
    const first = pinFile('s3cr!t PIN');
    const second = pinFile('48213077', 0o600, 'second');
    const same = pinFile('48213077\n', 0o600, 'of 48213077');
    put('a', 's3cr!t PIN\n48213077\n48213076\n');
    const argv = [first, second, same].flatMap((file) => ['--pin-file', file]);
    const { findings, out } = await scan(...argv, folder);
    const hidden = join(root, 'of [PIN]');
    expect(findings.map(({ line, about }) => [line, about])).toEqual([
      [1, first],
      [2, `${second}, ${hidden}`],
    ]);
    for (const pin of ['s3cr!t PIN', '48213077']) expect(out).not.toContain(pin);
    const one = await scan('--pin-file', second, folder);
    expect(one.findings.map(({ line }) => line)).toEqual([2]);
    const refused = await keyward([
      'scan',
      '--offline',
      ...argv,
      '--pin-file',
      join(root, 'missing'),
      folder,
    ]);
    expect([refused.exitCode, refused.out]).toEqual([2, '']);
  });

  it('counts the places past the first twenty of one PIN', async () => {
    put('a', '1234\n'.repeat(25));
    const { findings, more } = await scan('--pin-file', pinFile('1234'), folder);
    expect([findings.length, more]).toEqual([20, 5]);
    const { out } = await keyward(['scan', '--offline', '--pin-file', pinFile('1234'), folder]);
    expect(out).toContain('25 found: ');
    put('a', '1234\n'.repeat(20));
    expect(await scan('--pin-file', pinFile('1234'), folder)).toMatchObject({ more: 0 });
  });

  it('reads the file as the signer does, and says what is wrong with it', async () => {
    put('a', '1234 123');
    const refusal = async (file: string) => {
      const { exitCode, out, err } = await keyward(['scan', '--offline', '--pin-file', file, folder]);
      return [exitCode, out, err.replaceAll(file, 'FILE')];
    };
    expect((await scan('--pin-file', pinFile('1234\n'), folder)).kinds).toEqual(['pin']);
    expect(await refusal(pinFile('123\n'))).toEqual([
      2,
      '',
      'error: the PIN in FILE has fewer than 4 bytes, so a scan would find it by chance in many files [usage]\n',
    ]);
    expect(await refusal(pinFile('\n'))).toEqual([2, '', 'error: the PIN file FILE is empty [usage]\n']);
    expect(await refusal(pinFile('1234', 0o640))).toEqual([
      2,
      '',
      'error: the PIN file FILE is open to group or others: chmod 600 it [usage]\n',
    ]);
    expect(await refusal(pinFile('x'.repeat(257)))).toEqual([
      2,
      '',
      expect.stringContaining('1 to 256 bytes'),
    ]);
    expect(await refusal(join(root, 'missing'))).toEqual([
      2,
      '',
      expect.stringContaining('cannot be opened'),
    ]);
    expect(await refusal(folder)).toEqual([2, '', expect.stringContaining('is not a regular file')]);
  });
});

describe('keyward hsm make-pin', () => {
  it('writes a PIN that a scan recognises into a new file of its owner, and prints nothing of it', async () => {
    const file = join(folder, 'pin');
    const { exitCode, out } = await keyward(['hsm', 'make-pin', '--out', file]);
    expect([exitCode, out, statSync(file).mode & 0o777]).toEqual([0, `the PIN is in ${file}\n`, 0o600]);
    expect(readFileSync(file, 'utf8')).toMatch(/^kw_pin_[0-9A-Za-z]{36}\n$/);
    expect((await scan(file)).kinds).toEqual(['pin']);
    expect((await keyward(['hsm', 'make-pin', '--out', file])).exitCode).toBe(2);
  });
});

describe('keyward scan, asking a service', () => {
  const nothing = { credentials: [], tokens: [] };
  const refused = (status: number, code: string) => [status, { code, detail: 'not now' }] as const;

  async function asking(answers: Parameters<typeof operationsStub>[0], ...argv: string[]) {
    const stub = await operationsStub(answers);
    try {
      put('.operator', `${makeCredential('ops').text}\norigin ${stub.url}\n`);
      const asked = ['--url', stub.url, '--credential-file', join(folder, '.operator')];
      const ran = await keyward(['scan', '--json', ...asked, ...argv, join(folder, 'a')]);
      return { exitCode: ran.exitCode, report: JSON.parse(ran.out), seen: stub.seen };
    } finally {
      await stub.close();
    }
  }

  it('sends digests, and neither a token nor a credential', async () => {
    put('a', `${tokenLike()} ${CREDENTIAL}`);
    const { exitCode, seen } = await asking({ 'POST /leaks/digests': [200, nothing] });
    expect(exitCode).toBe(1);
    const sent = JSON.stringify(seen.map(({ body }) => body));
    for (const secret of [tokenLike().slice(0, 40), CREDENTIAL.slice(7, 30)])
      expect(sent).not.toContain(secret);
  });

  it('reports PINs only where it is told to, one that Keyward made by its digest and another without', async () => {
    const made = makePin();
    const file = join(root, 'pin-of-service');
    writeFileSync(file, '48213077', { mode: 0o600 });
    put('a', `${made} 48213077`);
    const answers = { 'POST /leaks/digests': [200, nothing] } as const;
    const silent = await asking(answers, '--pin-file', file);
    expect([silent.exitCode, silent.seen]).toEqual([1, []]);
    const { exitCode, report, seen } = await asking(answers, '--pin-file', file, '--report');
    expect([exitCode, report.findings.length, report.skipped]).toEqual([1, 2, []]);
    const digest = createHash('sha256').update(made).digest('base64url');
    const at = (byte: number) => `${join(folder, 'a')} at byte ${byte}`;
    expect(seen.map(({ body }) => body)).toEqual([
      { pins: [{ digest, place: at(0) }, { place: at(44) }], report: true },
    ]);
  });

  it('reports a PIN that Keyward made by its digest also where its file was named', async () => {
    const made = makePin();
    const file = join(root, 'pin-of-service');
    writeFileSync(file, made, { mode: 0o600 });
    put('a', made);
    const answers = { 'POST /leaks/digests': [200, nothing] } as const;
    const { report, seen } = await asking(answers, '--pin-file', file, '--report');
    const digest = createHash('sha256').update(made).digest('base64url');
    expect(seen).toMatchObject([{ body: { pins: [{ digest }] } }]);
    expect(report.findings).toMatchObject([
      { kind: 'pin', fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/) },
    ]);
  });

  it('tells PINs that it found where the service does not take them', async () => {
    put('a', makePin());
    const { exitCode, report } = await asking(
      { 'POST /leaks/digests': refused(503, 'store_unavailable') },
      '--report',
    );
    expect([exitCode, report.findings.map(({ kind }: { kind: string }) => kind), report.skipped]).toEqual([
      1,
      ['pin'],
      [{ place: 'the service', why: 'not told of PINs: not now' }],
    ]);
  });

  it('tells what it found where the service answers some of it, or none', async () => {
    put('a', `${tokenLike()}\n${CREDENTIAL}`);
    const { exitCode, report } = await asking({
      'POST /leaks/digests': refused(503, 'ledger_unavailable'),
    });
    expect([
      exitCode,
      report.findings.map(({ kind, about }: Record<string, unknown>) => [kind, about]),
    ]).toEqual([
      1,
      [
        ['token_unchecked', null],
        ['client_credential', null],
      ],
    ]);
    expect(report.skipped.map(({ why }: { why: string }) => why)).toEqual([
      'not asked of credentials: not now',
      'not asked of tokens: not now',
    ]);
  });
});
