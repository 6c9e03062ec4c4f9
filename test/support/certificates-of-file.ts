import { beforeAll } from 'vitest';
import { makeCertificates } from './certificates.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** The folder with them, which goes with the last test of the file; called at its top level. */
export function certificatesOfFile(): string {
  const { path, remove } = temporaryFolder();
  beforeAll(() => {
    makeCertificates(path);
    return remove;
  });
  return path;
}
