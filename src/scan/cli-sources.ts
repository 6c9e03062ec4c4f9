import { Progress } from '../cli/progress.ts';
import { printable } from '../lib/html.ts';
import type { Collected, Within } from './cli-collected.ts';
import { EXPANSION_LIMITS } from './finding.ts';
import type { ForeignRepository } from './foreign-repository.ts';
import type { Names } from './format.ts';
import { type GitObject, gitObjects } from './git-objects.ts';
import { GitFailure } from './git-process.ts';
import type { ExactPin } from './recognise-pin.ts';
import { scanContent } from './scan-content.ts';
import type { Bytes, Content } from './scan-stream.ts';
import { walk } from './walk.ts';

const NAME_CHARACTERS = 60;

export interface OpenedGit {
  /** As it was named. */
  readonly place: string;
  readonly repository: ForeignRepository;
}

interface Sources {
  readonly paths: readonly string[];
  readonly git: OpenedGit | undefined;
  readonly stdin: Bytes | undefined;
}

/** Reads everything into `collected`; settles with how much it was. */
export class Reading {
  readonly #collected: Collected;
  readonly #pins: readonly ExactPin[];
  readonly #names: Names;
  readonly #progress: Progress;
  #contents = 0;
  #bytes = 0;

  constructor(
    collected: Collected,
    names: Names,
    pins: readonly ExactPin[],
    progress: ((line: string) => void) | undefined,
  ) {
    this.#progress = new Progress(progress);
    this.#collected = collected;
    this.#pins = pins;
    this.#names = names;
  }

  async readAll({ paths, git, stdin }: Sources): Promise<{ contents: number; bytes: number }> {
    for (const path of paths) {
      for await (const walked of walk(path, this.#names)) {
        if ('skipped' in walked) this.#collected.skip(walked.place, walked.skipped);
        else if ('note' in walked) this.#collected.note(walked.place, walked.note);
        else await this.#read(walked.content);
      }
    }
    if (git) await this.#readGit(git);
    if (stdin) await this.#read({ name: 'stdin', bytes: stdin });
    this.#progress.end();
    return { contents: this.#contents, bytes: this.#bytes };
  }

  async #read(content: Content, object?: GitObject): Promise<void> {
    this.#contents += 1;
    const shown = this.#names.shown(content.name);
    const onRead = (bytes: number) => {
      this.#bytes += bytes;
      const where = printable(shown).slice(-NAME_CHARACTERS);
      this.#progress.show(`${this.#contents} files, ${Math.round(this.#bytes / 1e6)} MB: ${where}`);
    };
    for await (const outcome of scanContent(content, {
      pins: this.#pins,
      onRead,
      limits: EXPANSION_LIMITS,
    })) {
      const within = this.#withinOf(outcome.place, content, object);
      if ('skipped' in outcome) this.#collected.skip(outcome.place, outcome.skipped, within);
      else this.#collected.take(outcome.place, outcome.found, within);
    }
  }

  async #readGit({ place, repository }: OpenedGit): Promise<void> {
    for (const path of repository.submodules)
      this.#collected.note(path, `a submodule; its history is not looked into: keyward scan --git ${path}`);
    try {
      for await (const { object, content } of gitObjects(repository)) await this.#read(content, object);
    } catch (error) {
      if (!(error instanceof GitFailure)) throw error;
      this.#collected.skip(place, `not readable to its end: ${error.message}`);
    }
  }

  #withinOf(place: string, { name }: Content, object: GitObject | undefined): Within {
    return {
      ...(object ? { object: { ...object, path: null, commit: null } } : {}),
      ...(place === name ? {} : { entry: this.#names.shown(place.slice(name.length + 1)) }),
    };
  }
}
