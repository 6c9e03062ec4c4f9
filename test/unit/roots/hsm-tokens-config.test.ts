import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config.ts';
import { serviceKeysOf, signerOptions, tokensOf } from '../../../src/hsm/tokens.ts';
import { readSettings } from '../../../src/signer/settings.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());

const at = (name: string) => join(folder.path, name);
const KID = (letter: string) => letter.repeat(43);
const FIRST = `hsm: {module: m.so, token_label: a, token_serial: "1", pin_file: pin, registry_key: ${KID('R')}}`;
const further = (name: string, members = '') =>
  `${name}: {module: m.so, token_label: ${name}, token_serial: "2", pin_file: pin-b${members}}`;

function load(...tokens: string[]) {
  const named = tokens.length > 0 ? `hsm_tokens: {${tokens.join(', ')}}` : '';
  writeFileSync(at('config.yaml'), `${FIRST}\n${named}\n`);
  return loadConfig(at('config.yaml'));
}

const problem = (...tokens: string[]) => {
  try {
    load(...tokens);
    return 'none';
  } catch (error) {
    return (error as Error).message.replace(/^\S*config\.yaml:\d+:\d+: /, '');
  }
};

describe('the HSM tokens of a configuration', () => {
  it('are the one of `hsm`, called primary, where there is no other', () => {
    expect(tokensOf(load()).map(({ name }) => name)).toEqual(['primary']);
  });

  it('are the first and the further ones, each with a latch file of its own', () => {
    const config = load(further('issuer-b'), further('c', ', latch_file: latches/c'));
    const latches = tokensOf(config).map(({ name, settings }) => [name, settings.latch_file]);
    expect(latches).toEqual([
      ['primary', at('pin-latch.json')],
      ['issuer-b', at('pin-latch-issuer-b.json')],
      ['c', at('latches/c')],
    ]);
  });

  it.each([
    ['the name of the first', [further('primary')], /^hsm_tokens\.primary: .*/],
    ['a name in capitals', [further('B')], /^hsm_tokens\.B: .*/],
    [
      'the token of another',
      [further('b'), further('b').replace('b:', 'c:').replace('pin-b', 'pin-c')],
      /^hsm_tokens\.c has the same token_label and token_serial as b; name each token once, or give it another label$/,
    ],
    [
      'the token of the first',
      ['b: {module: ./m.so, token_label: a, token_serial: "1", pin_file: pin-b}'],
      /^hsm_tokens\.b has the same token_label and token_serial as primary; name each token once, or give it another label$/,
    ],
    [
      'the token of the first by another path of its module',
      ['b: {module: link-to-m.so, token_label: a, token_serial: "1", pin_file: pin-b}'],
      /^hsm_tokens\.b has the same token_label and token_serial as primary; /,
    ],
    [
      'the latch file of the first',
      [further('b', ', latch_file: ./pin-latch.json')],
      /^hsm_tokens\.b has the same latch_file as primary; give each its own$/,
    ],
    [
      'a registry key',
      [further('b', `, registry_key: ${KID('R')}`)],
      /^hsm_tokens\.b\.registry_key is not known; /,
    ],
  ])('are refused with %s', (_, tokens, expected) => {
    expect(problem(...tokens)).toMatch(expected);
  });

  it.each([
    ['label', 'b: {module: m.so, token_label: b, token_serial: "1", pin_file: pin-b}'],
    ['serial', 'b: {module: m.so, token_label: a, token_serial: "2", pin_file: pin-b}'],
  ])('may be two of one module with another %s', (_, token) => {
    expect(problem(token)).toBe('none');
  });

  it('hold the service’s own keys: registry and audit on the first, a binding key on each other', () => {
    const config = load(further('issuer-b', `, binding_key: ${KID('B')}`));
    expect(
      serviceKeysOf(config).map(({ role, hsmToken, member }) => [role, hsmToken, member.join('.')]),
    ).toEqual([
      ['registry', 'primary', 'hsm.registry_key'],
      ['audit', 'primary', 'hsm.audit_key'],
      ['binding:issuer-b', 'issuer-b', 'hsm_tokens.issuer-b.binding_key'],
    ]);
    const kids = tokensOf(config).map((token) => {
      const { settingsFile, hsmToken } = signerOptions(config, token, () => {});
      const { registryKid, auditKid, bindingKid } = readSettings(settingsFile, hsmToken);
      return [registryKid, auditKid, bindingKid];
    });
    expect(kids).toEqual([
      [KID('R'), null, null],
      [null, null, KID('B')],
    ]);
  });
});
