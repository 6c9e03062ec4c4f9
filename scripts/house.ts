// npm run house: how the layout of src stands against the goals that it was redesigned for, measured. --json for machines.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, sep } from 'node:path';
import { parseArgs } from 'node:util';
import { plainPage, table } from '../src/cli/table.ts';
import { circlesIn } from './lib/circles.ts';

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });

const IMPORT = /(?:from\s+|import\s*\(\s*|new URL\(\s*)'(\.{1,2}\/[^']+\.ts)'/g;
/** As `scripts/check-imports.ts` passes over them. */
const EXEMPT =
  /^src\/(?:(?:serve|init|config|config-environment)\.ts$|api\/|cli\/(?:program|service|init-verb|serve-verb|operations-client)\.ts$)/;
const COMPOSITION_ROOT = 'src/serve.ts';
const VOCABULARY = ['kernel'];

const sources = new Map(
  globSync('src/**/*.ts')
    .map((file) => file.split(sep).join('/'))
    .sort()
    .map((file) => [file, readFileSync(file, 'utf8')] as const),
);
const lines = new Map([...sources].map(([file, text]) => [file, text.split('\n').length - 1] as const));
const imports = new Map([...sources].map(([file, text]) => [file, importsOf(file, text)] as const));

const sum = (numbers: Iterable<number>) => [...numbers].reduce((total, each) => total + each, 0);
const folderOf = (file: string) => file.split('/')[1] ?? '';
const inRoot = [...sources.keys()].filter((file) => file.split('/').length === 2);
const vocabulary = [...sources.keys()].filter((file) => VOCABULARY.includes(folderOf(file)));
const found = circlesIn(imports);
const sorted = [...lines.values()].sort((a, b) => a - b);

const rows: readonly (readonly [string, string, string])[] = [
  ['files in src', `${sources.size}`, '480'],
  ['lines in src', `${sum(lines.values())}`, '51000'],
  ['files at the root of src', `${inRoot.length}`, '4'],
  [
    'files exempt from the import rule',
    `${[...sources.keys()].filter((file) => EXEMPT.test(file)).length}`,
    '2',
  ],
  [`lines of ${COMPOSITION_ROOT}`, `${lines.get(COMPOSITION_ROOT) ?? 0}`, '150'],
  [`imports of ${COMPOSITION_ROOT}`, `${imports.get(COMPOSITION_ROOT)?.length ?? 0}`, '32'],
  ['files of vocabulary (kernel)', `${vocabulary.length}`, '25'],
  ['lines of vocabulary', `${sum(vocabulary.map((file) => lines.get(file) ?? 0))}`, '1800'],
  ['of them used by fewer than three folders', `${vocabulary.filter(isOfFew).length}`, '0'],
  ['folders that "report" lives in', `${foldersNaming('report').size}`, '1'],
  ['folders that "notification" lives in', `${foldersNaming('notification').size}`, '1'],
  ['folders that "canary" lives in', `${foldersNaming('canar').size}`, '1'],
  ['circles of files', `${found.length}`, '0'],
  ['median lines of a file', `${sorted[sorted.length >> 1] ?? 0}`, '70-100'],
  ['files of at most 20 lines', `${sorted.filter((each) => each <= 20).length}`, '25'],
  ['…Parts interfaces', `${sum([...sources.values()].map(partsIn))}`, '50'],
];

if (values.json) {
  console.log(
    JSON.stringify(Object.fromEntries(rows.map(([what, is, goal]) => [what, { is, goal }])), null, 2),
  );
} else {
  console.log(table(['what', 'is', 'goal'], rows, plainPage(process.stdout.isTTY)));
  for (const circle of found) console.log(`circle: ${circle.join(' ')}`);
}

function importsOf(file: string, text: string): readonly string[] {
  return [...text.matchAll(IMPORT)].map(([, target = '']) =>
    normalize(join(dirname(file), target))
      .split(sep)
      .join('/'),
  );
}

function isOfFew(file: string): boolean {
  const users = [...imports].filter(([, targets]) => targets.includes(file)).map(([user]) => folderOf(user));
  return new Set(users.filter((folder) => !VOCABULARY.includes(folder))).size < 3;
}

/** Folders that hold a file of that name; a folder of the name counts once, whatever is in it. */
function foldersNaming(word: string): ReadonlySet<string> {
  const named = [...sources.keys()].filter((file) => file.includes(word));
  return new Set(
    named.map((file) => {
      const parts = dirname(file).split('/');
      const own = parts.findIndex((part) => part.includes(word));
      return (own < 0 ? parts : parts.slice(0, own + 1)).join('/');
    }),
  );
}

function partsIn(text: string): number {
  return [...text.matchAll(/\binterface \w+Parts\b/g)].length;
}
