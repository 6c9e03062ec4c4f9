import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readHeaders } from '../../../src/tracing/headers.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

function fileOf(content: string, mode = 0o600): string {
  const { path, remove } = temporaryFolder();
  onTestFinished(remove);
  const file = join(path, 'headers');
  writeFileSync(file, content);
  chmodSync(file, mode);
  return file;
}

it('reads a header a line', async () => {
  const file = fileOf('Authorization: Bearer s3cret\r\n\nX-Scope-OrgID:  keyward \n');
  expect(await readHeaders(file)).toEqual({ authorization: 'Bearer s3cret', 'x-scope-orgid': 'keyward' });
});

it.each([
  ['no header', 's3cret'],
  ['no value', 'authorization:'],
  ['a name with a space', 'the header: s3cret'],
  ['a header of the service', 'Content-Length: 3'],
  ['another script', 'authorization: s3cret😀'],
  ['more than sixteen', 'a: s3cret\n'.repeat(17)],
])('refuses %s, and tells nothing of it', async (_what, content) => {
  const file = fileOf(content);
  const refused = await readHeaders(file).catch((error: Error) => error.message);
  expect(refused).toBe(`${file} must hold 1 to 16 lines such as name: value, none of them about the body`);
});

it('refuses a file that others read', async () => {
  const file = fileOf('authorization: s3cret', 0o644);
  await expect(readHeaders(file)).rejects.toThrow(`${file} is open to group or others: chmod 600 it`);
});
