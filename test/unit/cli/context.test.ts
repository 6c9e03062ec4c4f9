import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keyward as call } from '../../support/command-line.ts';
import { operationsStub } from '../../support/operations-stub.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** Of nobody; its key is gone. */
const CA = `-----BEGIN CERTIFICATE-----
MIIBcjCCARegAwIBAgIUV5ZcUzeU2ohgwwEN1RO83jcD4GAwCgYIKoZIzj0EAwIw
DTELMAkGA1UEAwwCY2EwIBcNMjYxMjAxMTM1NjU4WhgPMjEyNjExMDcxMzU2NTha
MA0xCzAJBgNVBAMMAmNhMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEa2WiR19c
gUvUdyy5YZCRl6R5zvHgrGM5+PCPZxsvIfriWABuSJqLP7g15kYZYNx7tQfNTJsK
1DuAnDpbR1JdvKNTMFEwHQYDVR0OBBYEFBb9JzxvwHoSMt2G49VtCAotX3jtMB8G
A1UdIwQYMBaAFBb9JzxvwHoSMt2G49VtCAotX3jtMA8GA1UdEwEB/wQFMAMBAf8w
CgYIKoZIzj0EAwIDSQAwRgIhAN9saTdq/OjUaaFzHtPKwypmBUhAF1TgL8sUdB+6
oNAEAiEAtLLbC1rrM7YmuizvW+VSPiKXwcZdHk0xv9y2MRrkeBo=
-----END CERTIFICATE-----
`;
const folder = temporaryFolder();
const contextsFile = join(folder.path, 'config/keyward/contexts.json');
const credentials = Object.fromEntries(['prod', 'test'].map((name) => [name, join(folder.path, name)]));
const stubs: Record<string, Awaited<ReturnType<typeof operationsStub>>> = {};

beforeAll(async () => {
  for (const [name, file] of Object.entries(credentials)) {
    const answer = {
      operator: { id: `alice-of-${name}`, roles: ['operator'], created_at: 0, revoked_at: null },
    };
    const stub = await operationsStub({ 'GET /whoami': [200, answer] });
    stubs[name] = stub;
    writeFileSync(file, `kw_ops_of_${name}\norigin ${stub.url}\n`, { mode: 0o600 });
  }
});
afterAll(async () => {
  await Promise.all(Object.values(stubs).map((stub) => stub.close()));
  folder.remove();
});

const keyward = (line: string, environment: object = {}) =>
  call(line.split(' '), { environment: { contextsFile, ...environment } });
const urlOf = (name: string) => stubs[name]?.url ?? '';

describe('keyward context', () => {
  it('binds a URL to its credential, and holds no secret', async () => {
    for (const name of ['prod', 'test']) {
      const files = `--url ${urlOf(name)} --credential-file ${credentials[name]}`;
      expect((await keyward(`context add ${name} ${files}`)).exitCode).toBe(0);
    }
    expect(statSync(contextsFile).mode & 0o777).toBe(0o600);
    expect(readFileSync(contextsFile, 'utf8')).not.toContain('kw_ops_');
    const again = await keyward(
      `context add prod --url ${urlOf('prod')} --credential-file ${credentials.prod}`,
    );
    expect([again.exitCode, again.err]).toEqual([2, expect.stringContaining('remove it first')]);
  });

  it('says whom a command is for: named, else the current one', async () => {
    expect((await keyward('whoami')).exitCode).toBe(2);
    expect(JSON.parse((await keyward('whoami --context test --json')).out)).toEqual({
      operator: { id: 'alice-of-test', roles: ['operator'] },
      service: urlOf('test'),
      context: 'test',
      credential_file: credentials.test,
    });
    await keyward('context use prod');
    expect((await keyward('whoami')).out).toMatch(/^operator +alice-of-prod\n(?:.*\n)*context +prod$/m);
  });

  it('yields to what names a service otherwise, as before there were contexts', async () => {
    const byFlags = await keyward(`whoami --url ${urlOf('test')} --credential-file ${credentials.test}`);
    expect(byFlags.out).toContain('alice-of-test');
    const byEnvironment = await keyward('whoami', { credentialFile: credentials.test });
    expect(byEnvironment.out).toContain('alice-of-test');
    expect((await keyward('whoami', { isConfigNamed: true })).err).toContain('no operator credential in');
  });

  it('lists them, with what is gone; one is forgotten, and its files stay', async () => {
    rmSync(credentials.test ?? '');
    const { contexts } = JSON.parse((await keyward('context list -o json')).out);
    expect(contexts).toMatchObject([
      { name: 'prod', current: true, missing_files: [] },
      { name: 'test', current: false, missing_files: [credentials.test] },
    ]);
    expect((await keyward('context list -o name')).out).toBe('prod\ntest\n');
    expect((await keyward('whoami --context test')).err).toContain(
      `its credential file ${credentials.test} is gone`,
    );
    const caFile = join(folder.path, 'ca.pem');
    const add = `context add bound --url ${urlOf('prod')} --credential-file ${credentials.prod} --ca-file ${caFile}`;
    writeFileSync(caFile, `${CA}-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n${CA}`);
    const garbage = `${caFile}: block 2 (line ${CA.split('\n').length}) cannot be read as a certificate`;
    expect((await keyward(add)).err).toContain(garbage);
    writeFileSync(caFile, CA);
    expect((await keyward(add)).exitCode).toBe(0);
    writeFileSync(caFile, `${CA}-----END CERTIFICATE-----\n`);
    expect((await keyward('whoami --context bound')).err).toContain('is half of a block');
    rmSync(caFile);
    const { exitCode, out, err } = await keyward('whoami --context bound');
    expect([exitCode, out, err]).toEqual([2, '', expect.stringContaining(`its CA file ${caFile} is gone`)]);
    expect((await keyward('context remove bound')).exitCode).toBe(0);
    expect((await keyward('context remove prod')).exitCode).toBe(0);
    expect((await keyward('context list -o name')).out).toBe('test\n');
    expect(statSync(credentials.prod ?? '').isFile()).toBe(true);
    expect((await keyward('whoami')).exitCode).toBe(2);
  });
});
