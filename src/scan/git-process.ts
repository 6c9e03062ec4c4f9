import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';

/** All that git is told beside its arguments: no variable of the caller, and no configuration but its git directory's own. */
export const ENVIRONMENT = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  LC_ALL: 'C',
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_NO_LAZY_FETCH: '1',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_TERMINAL_PROMPT: '0',
};
/** Indexes beside the packs could hide objects, or lie about parents. */
const OPTIONS = [
  '--no-pager',
  '--no-replace-objects',
  '-c',
  'core.multiPackIndex=false',
  '-c',
  'core.commitGraph=false',
];
/** Paths may be long. */
const LONGEST_LINE = 65_536;

/** The repository could not be read. */
export class GitFailure extends Error {
  override readonly name = 'GitFailure';
}

/** A plumbing command of git in a git directory that this process made, and its output. */
export function startGit(gitDirectory: string, argv: readonly string[], input?: Readable) {
  const git = spawn('git', [...OPTIONS, `--git-dir=${gitDirectory}`, ...argv], {
    stdio: 'pipe',
    cwd: gitDirectory,
    env: ENVIRONMENT,
  });
  // Who stops reading has ended, and `ended` says how.
  git.stdin.on('error', () => input?.destroy());
  if (input) input.pipe(git.stdin);
  else git.stdin.end();
  let stderrText = '';
  git.stderr.on('data', (chunk: Buffer) => {
    if (stderrText.length < 1_000) stderrText += chunk.toString();
  });
  const ended = once(git, 'close').then(
    ([code]) => {
      if (code !== 0) throw new GitFailure(stderrText.trim().split('\n')[0] || `git ended with ${code}`);
    },
    (cause: unknown) => {
      throw new GitFailure('git cannot be started', { cause });
    },
  );
  ended.catch(() => {});
  return { stdout: git.stdout, ended, stderrText: () => stderrText.trim(), kill: () => void git.kill() };
}

/** Lines and counted stretches of one stream, as `git cat-file --batch` writes them in turn. */
export class Reader {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(stream: AsyncIterable<Buffer>) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  line(): Promise<string | undefined> {
    return this.until('\n');
  }

  /** What comes before the next `endsWith`; undefined at the end of the stream. */
  async until(endsWith: '\n' | '\0'): Promise<string | undefined> {
    let end = this.#rest.indexOf(endsWith);
    while (end < 0 && this.#rest.length < LONGEST_LINE && (await this.#more()))
      end = this.#rest.indexOf(endsWith);
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
