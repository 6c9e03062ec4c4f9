import { GitFailure, gitObjects, gitPaths } from '../../scan/git-objects.ts';
import { EXPANSION_LIMITS } from '../../scan/limits.ts';
import { type Content, scanContent } from '../../scan/scan-content.ts';
import type { Bytes } from '../../scan/scan-stream.ts';
import { walk } from '../../scan/walk.ts';
import type { Collected } from './collected.ts';
import { Progress } from './progress.ts';

export interface Sources {
  readonly paths: readonly string[];
  readonly git: string | undefined;
  readonly stdin: Bytes | undefined;
}

/** Reads everything into `collected`; settles with how much it was. */
export class Reading {
  readonly #collected: Collected;
  readonly #pins: boolean;
  readonly #progress = new Progress();
  #contents = 0;
  #bytes = 0;

  constructor(collected: Collected, pins: boolean) {
    this.#collected = collected;
    this.#pins = pins;
  }

  async readAll({ paths, git, stdin }: Sources): Promise<{ contents: number; bytes: number }> {
    for (const path of paths) {
      for await (const walked of walk(path)) {
        if ('skipped' in walked) this.#collected.skip(walked.place, walked.skipped);
        else if ('note' in walked) this.#collected.note(walked.place, walked.note);
        else await this.#read(walked.content);
      }
    }
    if (git !== undefined) await this.#readGit(git);
    if (stdin) await this.#read({ name: 'stdin', bytes: stdin });
    this.#progress.end();
    return { contents: this.#contents, bytes: this.#bytes };
  }

  async #read(content: Content, put = (place: string) => place): Promise<void> {
    this.#contents += 1;
    const onRead = (bytes: number) => {
      this.#bytes += bytes;
      this.#progress.show(this.#contents, this.#bytes, content.name);
    };
    for await (const outcome of scanContent(content, {
      pins: this.#pins,
      onRead,
      limits: EXPANSION_LIMITS,
    })) {
      if ('skipped' in outcome) this.#collected.skip(put(outcome.place), outcome.skipped);
      else this.#collected.take(put(outcome.place), outcome.found);
    }
  }

  async #readGit(repository: string): Promise<void> {
    try {
      for await (const { content } of gitObjects(repository)) await this.#read(content);
    } catch (error) {
      if (!(error instanceof GitFailure)) throw error;
      this.#collected.skip(repository, `not readable to its end: ${error.message}`);
    }
  }
}

const OBJECT = /^git:([0-9a-f]{40,64})/;

/** Names findings in a repository by path, where a commit, a branch or the reflog still leads to them. */
export async function nameObjects<T extends { readonly place: string }>(
  repository: string,
  found: readonly T[],
): Promise<T[]> {
  const ids = new Set(found.flatMap(({ place }) => OBJECT.exec(place)?.[1] ?? []));
  if (ids.size === 0) return [...found];
  const paths = await gitPaths(repository, ids).catch(noPaths);
  return found.map((each) => {
    const [, id] = OBJECT.exec(each.place) ?? [];
    if (id === undefined) return each;
    const named = paths ? placeOf(paths.get(id)) : 'path not known: the history cannot be read';
    return { ...each, place: each.place.replace(OBJECT, `git:${id.slice(0, 12)} (${named})`) };
  });
}

function placeOf(path: string | undefined): string {
  return path === undefined ? 'reached by no commit' : path || 'commit or tag';
}

/** What was found is told all the same. */
function noPaths(error: unknown): undefined {
  if (!(error instanceof GitFailure)) throw error;
}
