// npm run prose: measures README and docs against the goals for prose. --json for machines.
import { globSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { plainPage, table } from '../src/cli/table.ts';

export interface Prose {
  /** All with a letter or digit, code and tables included; `wc -w` counts marks of lists and tables, too. */
  readonly words: number;
  /** Of running text and list items: no code blocks, tables or headings; a span of code is one word. */
  readonly sentences: readonly number[];
  readonly longestParagraph: number;
  readonly longestCell: number;
}

const GOALS = { words: 30_000, 'mean sentence': 16, 'longest paragraph': 90, 'longest cell': 12 };

export function measure(markdown: string): Prose {
  const lines = markdown
    .replaceAll(/^ *```[\s\S]*?^ *```/gm, '')
    .replaceAll(/`[^`]+`/g, 'code')
    .replaceAll(/\]\([^)]*\)/g, ']')
    .split('\n');
  const cells = lines.filter((line) => /^\s*\|/.test(line)).flatMap((line) => line.split('|'));
  const paragraphs = lines
    .filter((line) => !/^\s*\|/.test(line))
    .map((line) => line.replace(/^#.*/, ''))
    .join('\n')
    .split(/\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) )/);
  const sentences = paragraphs.flatMap((paragraph) => paragraph.split(/(?<=[.!?][*)”"]*)\s+/));
  return {
    words: wordsIn(markdown),
    sentences: sentences.map(wordsIn).filter((words) => words > 0),
    longestParagraph: Math.max(0, ...paragraphs.map(wordsIn)),
    longestCell: Math.max(0, ...cells.map(wordsIn)),
  };
}

export function sum(all: readonly Prose[]): Prose {
  return {
    words: all.reduce((total, { words }) => total + words, 0),
    sentences: all.flatMap(({ sentences }) => sentences),
    longestParagraph: Math.max(0, ...all.map(({ longestParagraph }) => longestParagraph)),
    longestCell: Math.max(0, ...all.map(({ longestCell }) => longestCell)),
  };
}

export function meanSentence({ sentences }: Prose): number {
  return sentences.reduce((total, words) => total + words, 0) / Math.max(1, sentences.length);
}

function wordsIn(text: string): number {
  return [...text.matchAll(/[^\s|]*[\p{L}\p{N}][^\s|]*/gu)].length;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
  const pages = globSync(['README.md', 'docs/**/*.md'])
    .sort()
    .map((file) => [file, measure(readFileSync(file, 'utf8'))] as const);
  const current = pages.filter(([file]) => !file.startsWith('docs/decisions/'));
  const rows = [
    ...pages,
    ['all but decisions', sum(current.map(([, prose]) => prose))] as const,
    ['all', sum(pages.map(([, prose]) => prose))] as const,
  ].map(([file, prose]) => [
    file,
    `${prose.words}`,
    meanSentence(prose).toFixed(1),
    `${prose.longestParagraph}`,
    `${prose.longestCell}`,
  ]);
  const header = ['file', ...Object.keys(GOALS)];
  const goal = ['goal', ...Object.values(GOALS).map(String)];
  const objects = rows.map((row) => Object.fromEntries(header.map((name, at) => [name, row[at]])));
  console.log(
    values.json ? JSON.stringify(objects) : table(header, [...rows, goal], plainPage(process.stdout.isTTY)),
  );
}
