import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { verifyAudit } from '../../src/audit-verify/index.ts';
import { backUp, restore } from '../../src/backup/index.ts';
import { copyGround, type Ground } from '../support/tamper/ground.ts';
import { type Life, liveOnce } from '../support/tamper/life.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const DEADLINE_MS = 600_000;
vi.setConfig({ testTimeout: DEADLINE_MS });

let life: Life;
let ground: Ground;
const folders = temporaryFolder();
const at = (name: string) => join(folders.path, name);
const segments = () => readdirSync(join(ground.folder, 'ledger-archive'));
const onStep = () => {};

beforeAll(async () => {
  life = await liveOnce();
  ground = copyGround(life.stopped.ground);
}, DEADLINE_MS);

afterAll(() => {
  ground.remove();
  life.remove();
  folders.remove();
});

it('holds each sealed segment of the ledger, and is sound', async () => {
  const { manifest, findings } = await backUp({ configFile: ground.configFile, dir: at('whole'), onStep });
  expect([findings, manifest.sound]).toEqual([[], true]);
  expect(segments().length).toBeGreaterThan(0);
  expect(manifest.files.map(({ name }) => name)).toEqual([
    'keyward.db',
    ...segments().map((name) => `ledger-archive/${name}`),
  ]);
  expect((statSync(at('whole/ledger-archive')).mode & 0o777).toString(8)).toBe('700');
});

it('puts them in the place that the configuration names, and they verify there', async () => {
  mkdirSync(at('host'));
  const config = parse(readFileSync(ground.configFile, 'utf8'));
  const configFile = at('host/config.yaml');
  config.ledger = { ...config.ledger, archive_dir: 'segments' };
  writeFileSync(configFile, stringify(config), { mode: 0o600 });
  for (const name of readdirSync(ground.folder).filter((each) => each.endsWith('.jsonl'))) {
    copyFileSync(join(ground.folder, name), at(`host/${name}`));
  }
  const done = await restore({ configFile, dir: at('whole'), onStep });
  expect([done.isVerified, done.aside, done.ahead]).toEqual([true, [], []]);
  expect(readdirSync(at('host/segments'))).toEqual(segments());
  expect((await verifyAudit({ configFile, saved: [] })).findings).toEqual([]);
});

it('keeps the former database with its archive, and leaves no segment that is not of the backup', async () => {
  const configFile = at('host/config.yaml');
  writeFileSync(at('host/segments/segment-000099.db'), 'later');
  const { aside } = await restore({ configFile, dir: at('whole'), replace: true, onStep });
  expect(readdirSync(at('host/segments'))).toEqual(segments());
  const names = [...segments(), 'segment-000099.db'].map((name) => expect.stringContaining(`/${name}`));
  expect(aside).toEqual([...names, expect.stringMatching(/keyward\.db\.before-restore-[-\dTZ]+$/)]);
  expect(readFileSync(aside[segments().length] ?? '', 'utf8')).toBe('later');
  expect((await verifyAudit({ configFile, saved: [] })).findings).toEqual([]);
  expect(readdirSync(at('host')).filter((name) => name.endsWith('.restoring'))).toEqual([]);
});

it('is refused without a segment, and leaves nothing', async () => {
  const [segment = ''] = segments();
  rmSync(join(ground.folder, 'ledger-archive', segment), { force: true });
  const refused = backUp({ configFile: ground.configFile, dir: at('partial'), onStep });
  await expect(refused).rejects.toMatchObject({ code: 'segment_missing' });
  expect(readdirSync(folders.path).sort()).toEqual(['host', 'whole']);
});

it('is made of a database that somebody changed, which it says; and is not restored', async () => {
  const changed = copyGround(life.killed.ground);
  try {
    const { query } = await import('../support/store-database.ts');
    query(changed.database, `UPDATE audit_events SET actor = 'mallory' WHERE sequence = 2 RETURNING 1`);
    const { manifest, findings } = await backUp({
      configFile: changed.configFile,
      dir: at('changed'),
      onStep,
    });
    expect([manifest.sound, findings.length > 0]).toEqual([false, true]);
    rmSync(changed.database);
    const refused = restore({ configFile: changed.configFile, dir: at('changed'), onStep });
    await expect(refused).rejects.toMatchObject({ code: 'audit_unsound' });
    expect(readdirSync(changed.folder)).not.toContain('keyward.db');
  } finally {
    changed.remove();
  }
});
