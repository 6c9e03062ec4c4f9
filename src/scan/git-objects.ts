import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Content } from './scan-content.ts';

/** Nothing that a repository says is run or fetched: it may be anybody's. */
const ENVIRONMENT = {
  GIT_NO_LAZY_FETCH: '1',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_TERMINAL_PROMPT: '0',
  LC_ALL: 'C',
};
const LONGEST_HEADER = 256;
const SCANNED = new Set(['blob', 'commit', 'tag']);

/** The repository could not be read. */
export class GitFailure extends Error {
  override readonly name = 'GitFailure';
}

export interface GitObject {
  readonly id: string;
  readonly type: string;
  readonly content: Content;
}

/**
 * The contents of every object of a repository, also of those that no commit reaches any more. Each must be read, or
 * is passed over, before the next. Throws `GitFailure`.
 */
export async function* gitObjects(repository: string): AsyncGenerator<GitObject> {
  const git = startGit(repository, ['cat-file', '--batch-all-objects', '--batch', '--unordered', '--buffer']);
  const reader = new Reader(git.stdout);
  try {
    for (let header = await reader.line(); header !== undefined; header = await reader.line()) {
      const [id = '', type = '', size = ''] = header.split(' ');
      if (!/^\d+$/.test(size)) throw new GitFailure(`git says of an object: ${header}`);
      const bytes = reader.bytes(Number(size));
      if (SCANNED.has(type)) yield { id, type, content: { name: `git:${id}`, bytes } };
      for await (const _ of bytes);
      await reader.line();
    }
    await git.ended;
  } finally {
    git.kill();
  }
}

/**
 * Where objects stand: their first path in any commit that a branch, a tag or the reflog reaches; empty for commits
 * and tags. Throws `GitFailure`.
 */
export async function gitPaths(repository: string, ids: ReadonlySet<string>): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const git = startGit(repository, ['rev-list', '--objects', '--all', '--reflog']);
  const reader = new Reader(git.stdout);
  try {
    for (let line = await reader.line(65_536); line !== undefined; line = await reader.line(65_536)) {
      const at = line.indexOf(' ');
      const id = at < 0 ? line : line.slice(0, at);
      if (ids.has(id) && !found.has(id)) found.set(id, at < 0 ? '' : line.slice(at + 1));
    }
    await git.ended;
  } finally {
    git.kill();
  }
  return found;
}

function startGit(repository: string, argv: readonly string[]) {
  const git = spawn('git', ['--no-replace-objects', '-c', 'safe.directory=*', '-C', repository, ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...ENVIRONMENT, PATH: '/usr/local/bin:/usr/bin:/bin' },
  });
  let said = '';
  git.stderr.on('data', (chunk: Buffer) => {
    if (said.length < 1_000) said += chunk.toString();
  });
  const ended = once(git, 'close').then(
    ([code]) => {
      if (code !== 0) throw new GitFailure(said.trim().split('\n')[0] || `git ended with ${code}`);
    },
    (cause: unknown) => {
      throw new GitFailure('git cannot be started', { cause });
    },
  );
  ended.catch(() => {});
  return { stdout: git.stdout, ended, kill: () => void git.kill() };
}

/** Lines and counted stretches of one stream, as `git cat-file --batch` writes them in turn. */
class Reader {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(stream: AsyncIterable<Buffer>) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  async line(most = LONGEST_HEADER): Promise<string | undefined> {
    let end = this.#rest.indexOf(0x0a);
    while (end < 0 && this.#rest.length < most && (await this.#more())) end = this.#rest.indexOf(0x0a);
    if (end < 0) {
      if (this.#rest.length > 0) throw new GitFailure('git wrote half a line');
      return undefined;
    }
    const line = this.#rest.subarray(0, end).toString();
    this.#rest = this.#rest.subarray(end + 1);
    return line;
  }

  /** Can be left and taken up again: what is left of it comes then. */
  bytes(count: number): AsyncIterable<Uint8Array> & AsyncIterator<Uint8Array> {
    let left = count;
    const next = async (): Promise<IteratorResult<Uint8Array>> => {
      if (left === 0) return { done: true, value: undefined };
      if (this.#rest.length === 0 && !(await this.#more())) throw new GitFailure('git wrote half an object');
      const value = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(value.length);
      left -= value.length;
      return { done: false, value };
    };
    return {
      next,
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#chunks.next();
    if (done) return false;
    this.#rest = this.#rest.length === 0 ? value : Buffer.concat([this.#rest, value]);
    return true;
  }
}
