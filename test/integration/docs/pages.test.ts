import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { documentedMetrics } from '../../../scripts/metrics/documented-metrics.ts';
import { headings } from '../../support/headings.ts';
import { codeOf, type Page, pages, ROOT } from '../../support/pages.ts';

/** A path from the top that says of which kind of file it is, or that it is a folder. */
const FILE = /(?<![\w./…<-])(?:src|test|scripts|docs|deploy|softhsm|tools)\/[\w./-]*(?:\.\w+|\/)(?![\w*<…])/g;
const metrics = documentedMetrics().map(({ name }) => name);

describe.each(pages().map((page) => [page.path, page] as const))('%s', (_path, page) => {
  it('links to what is there', () => {
    expect(linksOf(page).filter((link) => !leads(page, link))).toEqual([]);
  });

  it('names files and npm scripts that there are', () => {
    const code = codeOf(page);
    const files = code.flatMap((span) => span.match(FILE) ?? []);
    expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
    const scripts = code.flatMap((line) =>
      [...line.matchAll(/npm run (?:-\S+ )*([a-z][\w:-]*)/g)].map(([, name]) => name),
    );
    expect(scripts.filter((name) => !scriptsAround(page).includes(name ?? ''))).toEqual([]);
  });

  it('names metrics that there are', () => {
    const named = page.text.match(/\bkeyward_[a-z_]+\b/g) ?? [];
    expect(named.filter((name) => !metrics.some((metric) => metric.startsWith(name)))).toEqual([]);
  });
});

/** Of the repository's own package, and of the one that an example is. */
function scriptsAround({ path }: Page): string[] {
  return ['package.json', join(dirname(path), 'package.json')]
    .map((file) => join(ROOT, file))
    .filter((file) => existsSync(file))
    .flatMap((file) => Object.keys(JSON.parse(readFileSync(file, 'utf8')).scripts ?? {}));
}

function linksOf({ text }: Page): string[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => !/^[a-z]+:/.test(link));
}

function leads({ path, text }: Page, link: string): boolean {
  const [file = '', anchor] = link.split('#');
  const target = file === '' ? undefined : join(ROOT, dirname(path), file);
  if (target && !existsSync(target)) return false;
  return anchor === undefined || headings(target ? readFileSync(target, 'utf8') : text).includes(anchor);
}
