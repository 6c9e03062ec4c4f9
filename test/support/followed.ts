import type { Follow } from '../../src/lib/emitter.ts';

/** All that a view is told of at once. */
export function followed<Content>({ follow }: { readonly follow: Follow<Content> }): Content {
  const told: Content[] = [];
  follow((content) => told.push(content))();
  const [all] = told;
  if (all === undefined) throw new Error('nothing was told');
  return all;
}

/** A source of which nothing ever becomes another. */
export function unchanging<Content>(content: Content): { readonly follow: Follow<Content> } {
  return {
    follow(view) {
      view(content);
      return () => {};
    },
  };
}
