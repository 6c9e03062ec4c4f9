import { onTestFinished } from 'vitest';
import { temporaryFolder } from './temporary-folder.ts';

/** For tests alone, which it is removed after; `temporaryFolder` serves programs beside vitest too. */
export function folderOfTest(): string {
  const { path, remove } = temporaryFolder();
  onTestFinished(remove);
  return path;
}
