import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keyward, NOW } from '../../support/command-line.ts';
import { operationsStub } from '../../support/operations-stub.ts';

const folder = mkdtempSync(join(tmpdir(), 'keyward-test-'));
const at = (name: string) => join(folder, name);
const KID = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs';

beforeAll(() => writeFileSync(at('empty.jsonl'), ''));
afterAll(() => rmSync(folder, { recursive: true }));

describe('keyward audit verify', () => {
  it('takes one source, not two', async () => {
    const { exitCode, err } = await keyward(['audit', 'verify', '--database', 'a', '--file', 'b']);
    expect([exitCode, err]).toEqual([2, 'error: give --database or --file, not both [usage]\n']);
  });

  it('says which file cannot be read', async () => {
    const argv = ['audit', 'verify', '--file', at('nowhere.jsonl'), '--audit-key', KID];
    const { exitCode, err } = await keyward(argv);
    expect([exitCode, err]).toEqual([2, `error: ${at('nowhere.jsonl')} cannot be read (ENOENT) [usage]\n`]);
  });

  it('says what is missing where an export holds no key', async () => {
    const { exitCode, err } = await keyward([
      'audit',
      'verify',
      '--file',
      at('empty.jsonl'),
      '--audit-key',
      KID,
    ]);
    expect(exitCode).toBe(1);
    expect(err).toContain(`does not hold the audit key ${KID}; give its JWK in a file with --audit-key`);
  });

  it('takes the key from a file, and names the line that is none', async () => {
    const jwk = {
      kty: 'EC',
      crv: 'P-256',
      x: 'yPkQcbD6IQb7zUpx1NqmPNlWKfB2uLMXVwFUVZhQ7sU',
      y: '1PJpIaWvbgk0d3WE1m0YpD6xi_-vB1HxNARlOyrjoCc',
    };
    writeFileSync(at('key.json'), JSON.stringify({ public_jwk: jwk }));
    writeFileSync(at('torn.jsonl'), '{"event":{"seq');
    const argv = ['audit', 'verify', '--json', '--file', at('torn.jsonl'), '--audit-key', at('key.json')];
    const { exitCode, out } = await keyward(argv);
    expect([exitCode, JSON.parse(out)]).toEqual([
      1,
      {
        source: at('torn.jsonl'),
        audit_kid: 'OmKNpAbgHDhWR1EUvFbGTgHC5GfMsUUjMbRswGScZ88',
        sound: false,
        counts: {
          checkpoints: 0,
          events: 0,
          groups: null,
          revocations: null,
          security_events: null,
          reports: null,
          registry_rows: null,
        },
        findings: [
          {
            part: 'file',
            fault: 'unreadable',
            place: 'line 1',
            detail: 'it is no entry of an audit trail',
          },
          {
            part: 'checkpoints',
            fault: 'gap',
            place: 'checkpoint 1',
            detail: 'there is none: nothing shows that the rest is as it was written',
          },
        ],
        uncovered: { events: 0, groups: null, since: null },
        sinks: [],
        restores: [],
      },
    ]);
  });
});

describe('keyward audit export', () => {
  it('overwrites nothing', async () => {
    const config = at('config.yaml');
    const hsm = { module: 'm', token_label: 't', token_serial: 's', pin_file: 'p' };
    writeFileSync(config, JSON.stringify({ hsm }));
    writeFileSync(at('there.jsonl'), 'mine');
    const argv = ['audit', 'export', '--config', config, '--out', at('there.jsonl')];
    expect((await keyward(argv)).exitCode).toBe(2);
    expect(readFileSync(at('there.jsonl'), 'utf8')).toBe('mine');
  });
});

describe('keyward audit tail', () => {
  const TRACE = '0af7651916cd43dd8448eb211c80319c';
  const event = (sequence: number) => ({
    sequence,
    time: NOW,
    type: 'client.revoked',
    actor: 'ada',
    subject: 'client:web',
    request_id: null,
    trace_id: sequence === 9 ? TRACE : null,
    details: {},
    hash: 'AAAA',
  });

  async function tail(...argv: string[]) {
    const stub = await operationsStub({
      'GET /audit?limit=10': [200, { events: [event(8), event(9)], next: null }],
      'GET /audit?after=3&limit=1000': [200, { events: [event(4)], next: null }],
    });
    writeFileSync(at('operator'), `kw_ops_of_a_test\norigin ${stub.url}\n`, { mode: 0o600 });
    try {
      const environment = { operationsUrl: stub.url, credentialFile: at('operator') };
      return await keyward(['audit', 'tail', '--no-follow', ...argv], { environment });
    } finally {
      await stub.close();
    }
  }

  it('begins with the last ten', async () => {
    const line = (sequence: number, more = '') =>
      `${sequence}  2026-11-23 20:00:00Z (now)  client.revoked  client:web  by ada${more}\n`;
    expect(await tail()).toMatchObject({ exitCode: 0, out: line(8) + line(9, `  trace ${TRACE}`) });
  });

  it('cuts on a terminal what is long and no text, and with --wide nothing', async () => {
    const why =
      'a sentence that somebody wrote, which is longer than a line of this terminal and stays whole';
    const rows = ['signing_keys 74f1a63e62266c26106ec4805cad15c1', 'scopes drill', 'clients web'];
    const stub = await operationsStub({
      'GET /audit?limit=10': [200, { events: [{ ...event(8), details: { why, rows } }], next: null }],
    });
    writeFileSync(at('operator'), `kw_ops_of_a_test\norigin ${stub.url}\n`, { mode: 0o600 });
    const environment = { operationsUrl: stub.url, credentialFile: at('operator'), noColor: true };
    const shown = (...argv: string[]) =>
      keyward(['audit', 'tail', '--no-follow', ...argv], { environment, columns: 80 });
    try {
      const { out } = await shown();
      expect(out.split('\n').filter((line) => line.length > 80)).toEqual([]);
      expect(out.replaceAll(/\s+/g, ' ')).toContain(`why=${why} rows=["signing_keys 74f1`);
      expect(out).toMatch(/…\n$/);
      expect((await shown('--wide')).out).toContain(`rows=${JSON.stringify(rows)}`);
    } finally {
      await stub.close();
    }
  });

  it('begins behind the event named, one line of JSON each', async () => {
    const { out } = await tail('--after', '3', '--json');
    expect(out).toBe(`${JSON.stringify(event(4))}\n`);
  });
});
