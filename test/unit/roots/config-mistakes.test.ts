import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config.ts';
import { readSettings } from '../../../src/signer/settings.ts';
import { FlawedFile } from '../../../src/yaml-file/problem.ts';
import { keyward } from '../../support/command-line.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';

const HSM = `hsm:
  module: m.so
  token_label: kw
  token_serial: "1"
  pin_file: pin
`;

function file(text: string): string {
  const path = join(folderOfTest(), 'config.yaml');
  writeFileSync(path, text);
  return path;
}

/** `line:column message` of everything wrong. */
function mistakes(text: string, read: (path: string) => unknown = loadConfig): readonly string[] {
  try {
    read(file(text));
    return [];
  } catch (error) {
    if (!(error instanceof FlawedFile)) throw error;
    return error.problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
  }
}

describe('a configuration', () => {
  it('tells all its mistakes at once, each at its place, in the order of the file', () => {
    const text = `mode: produktion
hsm:
  modul: m.so
  token_label: kw
  token_serial: "1"
  pin_file: ""
  sessions: 0
data_plane: { port: 80000 }
audits: {}
audit:
  sinks:
    - { type: file, fil: a.jsonl }
limits: { queued_record: 5 }
`;
    expect(mistakes(text)).toEqual([
      '1:7 mode: Invalid option: expected one of "development"|"production"',
      '3:3 hsm.modul is not known; did you mean module?',
      '6:13 hsm.pin_file: Too small: expected string to have >=1 characters',
      '7:13 hsm.sessions: Too small: expected number to be >=1',
      '8:21 data_plane.port: Too big: expected number to be <=65535',
      '9:1 audits is not known; did you mean audit?',
      '12:21 audit.sinks.0.fil is not known; did you mean file?',
      '13:11 limits.queued_record is not known; did you mean queued_records?',
    ]);
  });

  it.each([
    ['12e45678', '12e45678'],
    ['0123456789', '0123456789'],
    ['0x1F', '0x1F'],
    ['1_000', '1_000'],
    ['1.50', '1.50'],
    ['true', 'true'],
    ['.inf', '.inf'],
    ['"12"', '12'],
  ])('takes the serial %s as it is written', (written, read) => {
    const text = HSM.replace('"1"', written);
    expect(loadConfig(file(text)).hsm.token_serial).toBe(read);
    expect(readSettings(file(text), 'primary').tokenSerial).toBe(read);
  });

  it.each([['[1]'], ['{a: 1}'], ['']])('refuses the serial %j', (written) => {
    const said = mistakes(HSM.replace('"1"', written));
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/^\d:\d+ hsm\.token_serial/);
  });

  it('takes no number that is written as text', () => {
    expect(mistakes(`${HSM}  sessions: "4"\n`)).toEqual([
      '6:13 hsm.sessions: Invalid input: expected number, received string',
    ]);
  });

  it('names what holds between its members, at their places', () => {
    const text = `${HSM}mode: production
two_persons: false
data_plane: { host: 0.0.0.0 }
operations_plane:
  host: 192.0.2.1
hsm_tokens:
  b: { module: m.so, token_label: kw, token_serial: 1, pin_file: pin-b }
`;
    expect(mistakes(text)).toEqual([
      '7:14 two_persons: production needs it; leave it out, and enrol a second operator',
      '8:21 data_plane.host: 0.0.0.0 is not loopback; give it tls, or name in trusted_proxies what ends TLS for it',
      '10:9 operations_plane.host: 192.0.2.1 is not loopback; give it tls, or name in trusted_proxies what ends TLS for it',
      '12:6 hsm_tokens.b has the same token_label and token_serial as primary; name each token once, or give it another label',
    ]);
  });

  it('says what to write in place of behind_proxy, and offers it to nobody', () => {
    expect(mistakes(`${HSM}data_plane: { host: 0.0.0.0, behind_proxy: true }\n`)).toEqual([
      '6:44 data_plane.behind_proxy: write trusted_proxies instead, a list of the addresses or networks of your proxies',
    ]);
    expect(mistakes(`${HSM}data_plane: { ports: 1, cert: 1 }\n`)).toEqual([
      '6:15 data_plane.ports is not known; did you mean port?',
      '6:25 data_plane.cert is not known; use host, port, tls, trusted_proxies, connections_per_address, public_url',
    ]);
  });

  it('takes a bounded list of proxies, each an address or a network', () => {
    const listing = (proxies: readonly string[]) =>
      `${HSM}data_plane: { host: 0.0.0.0, trusted_proxies: ${JSON.stringify(proxies)} }\n`;
    const most = Array.from({ length: 64 }, (_, at) => `10.0.0.${at}`);
    expect(loadConfig(file(listing(most))).data_plane.trusted_proxies).toHaveLength(64);
    expect(mistakes(listing([...most, '::1']))).toEqual([
      '6:47 data_plane.trusted_proxies: Too big: expected array to have <=64 items',
    ]);
    expect(mistakes(listing(['10.0.0.0/8', '10.0.0.0/0', 'proxy']))).toEqual([
      '6:61 data_plane.trusted_proxies.1: use addresses and networks such as 10.0.0.7 or 10.0.0.0/24',
      '6:74 data_plane.trusted_proxies.2: use addresses and networks such as 10.0.0.7 or 10.0.0.0/24',
    ]);
  });

  it.each([
    ['a member twice', `${HSM}hsm: {}\n`, '6:1 hsm stands twice'],
    ['a tag', HSM.replace('kw', '!secret kw'), '3:24 leave out the tag'],
    ['two documents', `${HSM}---\na: 1\n`, '6:1 keep it to one document'],
    ['nothing', '', '1:1 hsm is missing'],
  ])('with %s is refused', (_, text, said) => {
    expect(mistakes(text)).toContain(said);
  });

  it('is read by the signer alike', () => {
    const text = HSM.replace('module', 'modul').replace('pin_file', 'pinfile');
    const both = mistakes(text);
    expect(both).toHaveLength(2);
    expect(mistakes(text, (path) => readSettings(path, 'primary'))).toEqual(both);
  });
});

it('the command line shows each mistake on a line, and all of them in JSON', async () => {
  const path = file(`${HSM}limit: {}\nlogs: {}\n`);
  const { exitCode, err } = await keyward(['serve', '--config', path]);
  expect(exitCode).toBe(1);
  expect(err).toBe(
    `${path}:6:1: limit is not known; did you mean limits?\n${path}:7:1: logs is not known; did you mean log?\n` +
      `error: 2 things are wrong in ${path} [invalid_config]\n`,
  );
  const json = await keyward(['serve', '--config', path, '--json']);
  expect(JSON.parse(json.err)).toEqual({
    code: 'invalid_config',
    detail: `2 things are wrong in ${path}`,
    problems: [
      { file: path, line: 6, column: 1, message: 'limit is not known; did you mean limits?' },
      { file: path, line: 7, column: 1, message: 'logs is not known; did you mean log?' },
    ],
  });
});
