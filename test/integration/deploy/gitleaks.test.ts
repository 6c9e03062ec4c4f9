import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CREDENTIAL_KINDS } from '../../../src/kernel/actor.ts';
import { makeCredential, makePin } from '../../../src/kernel/credential.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';

const FILE = 'deploy/gitleaks/keyward.toml';
const text = readFileSync(FILE, 'utf8');
const member = (rule: string, name: string) => new RegExp(`^${name} = (.+)$`, 'm').exec(rule)?.[1] ?? '';
const rules = text
  .split('[[rules]]')
  .slice(1)
  .map((rule) => ({
    id: member(rule, 'id').slice(1, -1),
    regex: new RegExp(member(rule, 'regex').slice(3, -3)),
    keyword: member(rule, 'keywords').slice(2, -2),
  }));
const KINDS = [...CREDENTIAL_KINDS, 'pin'] as const;
const make = (kind: (typeof KINDS)[number]) => (kind === 'pin' ? makePin() : makeCredential(kind).text);
const ruleFor = (kind: string) => rules.find(({ keyword }) => keyword === `kw_${kind}_`);

describe('the gitleaks rules', () => {
  it('are one for each kind of credential, and one for PINs', () => {
    expect(rules.map(({ keyword }) => keyword).sort()).toEqual(KINDS.map((kind) => `kw_${kind}_`).sort());
  });

  it.each(KINDS)('match every secret of kind %s, and its kind alone', (kind) => {
    for (let sample = 0; sample < 500; sample++) {
      const credential = make(kind);
      for (const place of [credential, `key: "${credential}"`, `${credential}\n`, `a=${credential}&b`]) {
        expect(rules.filter(({ regex }) => regex.test(place)).map(({ id }) => id)).toEqual([
          ruleFor(kind)?.id,
        ]);
      }
    }
  });

  it.each(KINDS)('pass by what only looks like one of kind %s', (kind) => {
    const credential = make(kind);
    const neighbours = [
      credential.slice(0, -1),
      `${credential}0`,
      `x${credential}`,
      credential.replace('kw_', 'kv_'),
    ];
    neighbours.push(credential.toUpperCase(), credential.replace(/.$/, '-'), `kw_${kind}_${'_'.repeat(36)}`);
    for (const place of neighbours) expect(rules.filter(({ regex }) => regex.test(place))).toEqual([]);
  });

  const installed = spawnSync('gitleaks', ['version']).status === 0;
  it.runIf(installed)('find a credential with gitleaks itself, which is on this machine', () => {
    const folder = folderOfTest();
    const [report, secret] = [join(folder, 'report.json'), makeCredential('svc').text];
    writeFileSync(join(folder, 'leak.txt'), `token = ${secret}\n`);
    const argv = ['dir', folder, '--config', FILE, '--report-path', report, '--no-banner'];
    expect(spawnSync('gitleaks', argv).status).toBe(1);
    const found = JSON.parse(readFileSync(report, 'utf8')) as { RuleID: string; Secret: string }[];
    expect(found.map(({ RuleID, Secret }) => [RuleID, Secret])).toContainEqual([
      'keyward-client-credential',
      secret,
    ]);
  });
});
