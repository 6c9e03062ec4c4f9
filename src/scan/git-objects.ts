import type { ForeignRepository } from './foreign-repository.ts';
import { GitFailure, Reader, startGit } from './git-process.ts';
import type { Content } from './scan-stream.ts';

const TYPES = ['blob', 'commit', 'tag', 'tree'] as const;

/** Each can hold a secret, a tree in the names of its files. */
export interface GitObject {
  readonly type: (typeof TYPES)[number];
  readonly id: string;
}

/**
 * The contents of every object of a repository, also of those that no commit reaches any more. Each must be read, or
 * is passed over, before the next. Throws `GitFailure`.
 */
export async function* gitObjects({
  gitDirectories,
}: ForeignRepository): AsyncGenerator<{ readonly object: GitObject; readonly content: Content }> {
  for (const { path } of gitDirectories) yield* objectsIn(path);
}

async function* objectsIn(
  gitDirectory: string,
): AsyncGenerator<{ readonly object: GitObject; readonly content: Content }> {
  const git = startGit(gitDirectory, [
    'cat-file',
    '--batch-all-objects',
    '--batch',
    '--unordered',
    '--buffer',
  ]);
  const reader = new Reader(git.stdout);
  try {
    for (let header = await reader.line(); header !== undefined; header = await reader.line()) {
      const [id = '', said = '', size = ''] = header.split(' ');
      if (!/^\d+$/.test(size)) throw new GitFailure(`git says of an object: ${header}`);
      const bytes = reader.bytes(Number(size));
      const type = TYPES.find((each) => each === said);
      const content: Content = { name: `git:${id}`, bytes };
      if (type) yield { object: { type, id }, content };
      for await (const _ of bytes);
      await reader.line();
    }
    await git.ended;
    // It passes over what it cannot open, and ends well.
    if (git.stderrText() !== '') throw new GitFailure(git.stderrText().split('\n')[0]);
  } finally {
    git.kill();
  }
}
