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

/**
 * Names places in a repository by path, where a commit, a branch or the reflog still leads to them; `flaw` says why
 * none could be: what was found is told all the same.
 */
export async function objectNames(
  repository: string,
  places: readonly string[],
): Promise<{ nameOf(place: string): string; flaw: string | undefined }> {
  const ids = new Set(places.flatMap((place) => OBJECT.exec(place)?.[1] ?? []));
  const paths = ids.size === 0 ? new Map<string, string>() : await gitPaths(repository, ids).catch(failureOf);
  const named = (id: string) =>
    typeof paths === 'string' ? 'path not known: the history cannot be read' : placeOf(paths.get(id));
  return {
    nameOf: (place) => place.replace(OBJECT, (_, id: string) => `git:${id.slice(0, 12)} (${named(id)})`),
    flaw: typeof paths === 'string' ? `paths not known: ${paths}` : undefined,
  };
}

function placeOf(path: string | undefined): string {
  return path === undefined ? 'reached by no commit' : path || 'commit or tag';
}

function failureOf(error: unknown): string {
  if (!(error instanceof GitFailure)) throw error;
  return error.message;
}
