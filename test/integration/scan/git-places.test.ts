import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openForeignRepository } from '../../../src/scan/foreign-repository.ts';
import { gitPlaces } from '../../../src/scan/git-places.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';

it('looks up commits for five thousand blobs, and for more the path alone', async () => {
  const folder = folderOfTest();
  const person = ['-c', 'user.name=a', '-c', 'user.email=a@example.org'];
  const git = (...argv: string[]) =>
    execFileSync('git', ['-C', folder, ...person, ...argv], { encoding: 'utf8' }).trim();
  git('init', '-q');
  writeFileSync(join(folder, 'a'), 'a');
  git('add', 'a');
  git('commit', '-q', '-m', 'x');
  const [id, commit] = [git('hash-object', 'a'), git('rev-parse', 'HEAD')];
  const unknown = Array.from({ length: 5_000 }, (_, at) => `${at}`.padStart(40, '0'));
  const repository = await openForeignRepository(folder);
  const asked = async (ids: string[]) =>
    (
      await gitPlaces(
        repository,
        ids.map((each) => ({ type: 'blob', id: each })),
      )
    ).get(id);
  expect(await asked([...unknown.slice(1), id])).toEqual({ path: 'a', commit });
  expect(await asked([...unknown, id])).toEqual({ path: 'a', commit: null });
  repository.remove();
});
