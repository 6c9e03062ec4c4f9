import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

const WATCHED = new URL('../../support/loaded-packages.ts', import.meta.url).href;

/** What an entry imports is loaded before it fails for want of its settings. */
function packagesOf(entry: string): readonly string[] {
  const { href } = new URL(`../../../src/${entry}`, import.meta.url);
  const code = `await import(${JSON.stringify(href)}).catch(() => {})`;
  const argv = ['--import', WATCHED, '--input-type=module', '--eval', code];
  const { stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8', env: {} });
  return JSON.parse(stderr.slice(stderr.lastIndexOf('[')));
}

it.each(['db/sqlite/archive-worker.ts', 'db/sqlite/read-worker.ts', 'db/sqlite/writer-worker.ts'])(
  'a thread of %s loads no package: some eight start with a service, each compiles its own',
  (entry) => {
    expect(packagesOf(entry)).toEqual([]);
  },
);

it.each(['archive', 'lending', 'read', 'writer'])(
  'a thread of db/postgres/%s-worker.ts loads what speaks to the server alone, and not what composes its SQL',
  (name) => {
    const loaded = packagesOf(`db/postgres/${name}-worker.ts`);
    expect(loaded).toContain('pg');
    expect(loaded).not.toContain('kysely');
  },
);

it('what does load one is seen', () => {
  expect(packagesOf('db/migrations/index.ts')).toContain('kysely');
});
