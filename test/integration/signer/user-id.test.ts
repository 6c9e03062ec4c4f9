import { writeFileSync } from 'node:fs';
import { afterAll, afterEach, expect, it, vi } from 'vitest';
import { userId } from '../../../src/signer/user-id.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());
afterEach(() => {
  vi.unstubAllEnvs();
});

it('a user is looked up by the host’s own program, whatever PATH says', async () => {
  writeFileSync(`${folder.path}/id`, '#!/bin/sh\necho 4711\n', { mode: 0o755 });
  vi.stubEnv('PATH', `${folder.path}:${process.env.PATH}`);
  expect([await userId('root'), await userId('1234')]).toEqual([0, 1234]);
});

it.each([
  ['no-such-user-here', 'there is no user no-such-user-here on this host'],
  ['nobody', 'user nobody stands for users that the kernel does not know'],
])('%s is refused', async (user, message) => {
  await expect(userId(user)).rejects.toMatchObject({ code: 'invalid_config', message });
});
