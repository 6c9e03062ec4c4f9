import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GitFailure } from './git-process.ts';

/** Of refs, reflogs and shallow boundaries together. */
const MOST_BYTES = 256 * 1024 ** 2;
/** A line begins with an id; that of a reflog with two, and `packed-refs` marks what a tag names. */
const IDS = /^\^?([0-9a-f]{64}|[0-9a-f]{40})(?![0-9a-f])(?: ([0-9a-f]{64}|[0-9a-f]{40}) )?/gm;
const NO_OBJECT = /^0+$/;
/** Where refs and reflogs stand (gitrepository-layout(5)); `worktrees` holds those of linked working trees. */
const PLACES = [
  ...['HEAD', 'ORIG_HEAD', 'FETCH_HEAD', 'MERGE_HEAD', 'CHERRY_PICK_HEAD', 'REVERT_HEAD'],
  ...['packed-refs', 'refs', 'logs', 'worktrees'],
];

/** Ids of objects in the text of files: refs are read as data, since git would heed the configuration beside them. */
export class GitIds {
  readonly found = new Set<string>();
  #bytes = 0;

  /** The ids that refs and reflogs of a git directory name. Throws `GitFailure` where there are too many. */
  async readRefs(gitDirectory: string): Promise<void> {
    for (const name of PLACES) await this.read(join(gitDirectory, name));
  }

  /** A file, or all files below a folder; links and what is not there are passed over. */
  async read(path: string): Promise<void> {
    const status = await lstat(path).catch(() => undefined);
    if (status?.isDirectory()) {
      for (const name of await readdir(path)) await this.read(join(path, name));
    } else if (status?.isFile()) await this.#readFile(path, status.size);
  }

  async #readFile(path: string, bytes: number): Promise<void> {
    this.#bytes += bytes;
    if (this.#bytes > MOST_BYTES)
      throw new GitFailure(`its refs and reflogs take more than ${MOST_BYTES} bytes`);
    for (const [, ...ids] of (await readFile(path, 'latin1')).matchAll(IDS)) {
      for (const id of ids) if (id && !NO_OBJECT.test(id)) this.found.add(id);
    }
  }
}
