import { onTestFinished } from 'vitest';
import { temporaryFolder } from './temporary-folder.ts';

/** A folder of the running test's own, removed when it ends. */
export function temporaryDirectory(): string {
  const { path, remove } = temporaryFolder();
  onTestFinished(remove);
  return path;
}
