import { LARGEST_PAGE } from './arguments.ts';
import { type CallService, withQuery } from './operations-client.ts';

/** Of every list that comes in pages: `next` is the `after` of the page that follows. */
export interface Paging<N extends string | number> {
  readonly after?: N;
  readonly limit?: number;
  readonly all?: boolean;
}

type Page<M extends string, T, N> = { readonly [members in M]: T[] } & { readonly next: N | null };

/** The page that was asked for, or with `all` everything from there on as one. */
export async function pages<M extends string, T, N extends string | number>(
  call: CallService,
  path: string,
  member: M,
  { all, ...asked }: Paging<N>,
): Promise<Page<M, T, N>> {
  if (!all) return call('GET', withQuery(path, asked));
  const found: T[] = [];
  for (let query: object = { ...asked, limit: LARGEST_PAGE }; ; ) {
    const page = await call<Page<M, T, N>>('GET', withQuery(path, query));
    found.push(...page[member]);
    if (page.next === null) return { ...page, [member]: found };
    query = { ...query, after: page.next };
  }
}

/** `unknown_scope` where a list about a scope is empty since there is none of that name. */
export async function requireScope(call: CallService, scope: string | undefined): Promise<void> {
  if (scope !== undefined) await call('GET', `/scopes/${encodeURIComponent(scope)}`);
}

/** Below a list: how to see what follows; nothing where that was the end. */
export function more(next: string | number | null): string {
  return next === null ? '' : `\n\nThere is more: --after ${next}, or --all`;
}
