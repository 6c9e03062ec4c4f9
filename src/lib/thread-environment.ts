import { getCompileCacheDir } from 'node:module';

/** Nothing of the process's environment but where its compiled code is kept: a thread compiles none of it anew. */
export function threadEnvironment(): Readonly<Record<string, string>> {
  const folder = getCompileCacheDir();
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: folder };
}
