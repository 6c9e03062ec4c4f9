import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A Markdown page of the repository, by its path from the top. */
export interface Page {
  readonly path: string;
  readonly text: string;
}

/** All that people read: the pages at the top, and those of docs, deploy and examples. */
export function pages(): readonly Page[] {
  return globSync(['*.md', '{docs,deploy,examples}/**/*.md'], {
    cwd: ROOT,
    exclude: (path) => path.includes('node_modules'),
  })
    .sort()
    .map((path) => ({ path, text: readFileSync(`${ROOT}${path}`, 'utf8') }));
}

/** What a page shows as code: blocks, and spans within a line. */
export function codeOf({ text }: Page): readonly string[] {
  const blocks = [...text.matchAll(/^ *```.*\n([\s\S]*?)^ *```/gm)].map(([, block = '']) => block);
  const spans = [...text.replaceAll(/^ *```[\s\S]*?^ *```/gm, '').matchAll(/`([^`]+)`/g)].map(
    ([, span = '']) => span,
  );
  return [
    ...blocks.flatMap((block) => block.replaceAll(/\\\n\s*/g, ' ').split('\n')),
    ...spans.map((span) => span.replaceAll('\n', ' ')),
  ];
}
