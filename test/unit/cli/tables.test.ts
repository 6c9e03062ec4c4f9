import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { program } from '../../../src/cli/program.ts';
import { type Heading, table } from '../../../src/cli/table.ts';
import { runAnswered } from '../../support/answered-call.ts';
import { ANSWERED_CALLS, KIDS } from '../../support/command-answers.ts';
import { NOW } from '../../support/command-line.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';

/** Where a word may end at a line's end: it is none of these signs that hurts it. */
const SIGNS = '/:,.=&?_@-';

const inEighty = { columns: 80, environment: { noColor: true } } as const;

function wordsOf(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/** What narrow output may hold of its own: short kids and times, signs of the table, names of columns left out. */
function isShortForm(word: string): boolean {
  const bare = word.replace(/^key:/, '');
  return (
    /^(?:\d+|min|[dhs]|ago|in|now|\d{4}-\d\d-\d\d|\d\d:\d\dZ)$/.test(word) ||
    (bare.length >= 8 && KIDS.some((kid) => kid.startsWith(bare)))
  );
}

/** Whether `word` is one of `words`, or the part of one that begins and ends at a sign. */
function isWhole(word: string, words: readonly string[]): boolean {
  return words.some((each) => {
    for (let at = each.indexOf(word); at >= 0; at = each.indexOf(word, at + 1)) {
      const [before, last] = [each[at - 1], word.at(-1) ?? ''];
      const end = at + word.length;
      if ((before === undefined || SIGNS.includes(before)) && (end === each.length || SIGNS.includes(last)))
        return true;
    }
    return false;
  });
}

const hint = /^\(not shown: .*\)$/gm;

describe.each(ANSWERED_CALLS.map((call) => [call.argv.slice(0, 3).join(' '), call] as const))(
  'keyward %s',
  (_, call) => {
    it('fits 80 columns, and breaks no word', async () => {
      const folder = folderOfTest();
      const narrow = await runAnswered(call, folder, inEighty);
      const wide = await runAnswered({ ...call, argv: [...call.argv, '--wide'] }, folder, inEighty);
      expect(narrow.out.split('\n').filter((line) => line.length > 80)).toEqual([]);
      const words = wordsOf(wide.out);
      const broken = wordsOf(narrow.out.replace(hint, '')).filter(
        (word) =>
          !isWhole(word, words) &&
          !words.some((each) => each.toLowerCase() === word.toLowerCase()) &&
          !isShortForm(word),
      );
      expect(broken).toEqual([]);
    });

    it('is in a pipe as with --wide: nothing shortened, a row a line', async () => {
      const folder = folderOfTest();
      const piped = await runAnswered(call, folder);
      const wide = await runAnswered({ ...call, argv: [...call.argv, '-o', 'wide'] }, folder, inEighty);
      expect(piped.out).toBe(wide.out);
    });
  },
);

/** Verbs that print no table: what they print is a sentence, a file or a document, or what another verb here prints. */
const WITHOUT_TABLE = [
  'verifier pins',
  'init',
  'serve',
  'doctor',
  'config check',
  'config show',
  'config schema',
  'reload',
  'backup',
  'restore',
  'migrate-store',
  'audit copy',
  'scope create',
  'scope set',
  'scope pause-rotation',
  'scope resume-rotation',
  'key undo-rotation',
  'key resume',
  'key destroy',
  'hsm make-pin',
  'hsm clear-latch',
  'hsm replace',
  'hsm enrol',
  'signer run',
  'signer check',
  'signer clear-latch',
  'client create',
  'client credential',
  'client probe set',
  'client probe remove',
  'grant remove',
  'operator enrol',
  'operator create',
  'operator roles',
  'operator credential',
  'operator revoke',
  'proposal approve',
  'proposal reject',
  'proposal withdraw',
  'apply',
  'export',
  'schema',
  'token issue',
  'token verify',
  'token inspect',
  'ledger erase',
  'event acknowledge',
  'event resolve',
  'canary create',
  'canary retire',
  'report take',
  'report note',
  'report close',
  'report erase',
  'notify replay',
  'audit verify',
  'audit export',
  'audit accept-restore',
  'audit unwitnessed',
  'audit confirm-unwitnessed',
  'clock confirm',
  'drill compromise',
  'context add',
  'context use',
  'context remove',
  'completion',
];

it('every verb is here, or prints no table of its own', () => {
  const tree = program(() => {
    throw new Error('no command is run here');
  });
  const leaves = tree.commands.flatMap((command) => leavesOf(command));
  const shown = ANSWERED_CALLS.map(({ argv }) => argv.join(' ')).map((line) =>
    line === 'review' ? 'review show' : line,
  );
  const missing = leaves.filter(
    (leaf) => !WITHOUT_TABLE.includes(leaf) && !shown.some((line) => `${line} `.startsWith(`${leaf} `)),
  );
  expect(missing).toEqual([]);
  expect(WITHOUT_TABLE.filter((leaf) => !leaves.includes(leaf))).toEqual([]);
});

function leavesOf(command: Command, before = ''): readonly string[] {
  const path = `${before}${command.name()}`;
  if (command.commands.length === 0) return [path];
  return command.commands.flatMap((child) => leavesOf(child, `${path} `));
}

describe('a table', () => {
  const page = (columns: number | undefined) => ({ colour: false, columns, nowSeconds: NOW });
  const rows = [
    [{ kid: KIDS[0] }, 'a long description of it all', { time: NOW - 7_200 }],
    [{ kid: KIDS[1] }, 'short', '-'],
  ] as const;
  const headings: readonly Heading[] = ['kid', { name: 'what', extra: true }, 'made'];

  it('gives up whole kids first, then the span beside times, then wraps', () => {
    expect(table(headings, rows, page(100)).split('\n')[1]).toBe(
      'NzbLsXh8  a long description of it all  2026-11-23 18:00:00Z (2 hours ago)',
    );
    expect(table(headings, rows, page(60)).split('\n')[1]).toBe(
      'NzbLsXh8  a long description of it all  2026-11-23 18:00Z',
    );
    expect(table(headings, rows, page(50))).toBe(
      [
        'KID       WHAT                   MADE',
        'NzbLsXh8  a long description of  2026-11-23 18:00Z',
        '          it all',
        'Ep2JuP-C  short                  -',
      ].join('\n'),
    );
  });

  it('leaves out what is extra, and says so; at last it stands below each other', () => {
    expect(table(headings, rows, page(24))).toBe(
      ['KID       MADE', 'NzbLsXh8  2 h ago', 'Ep2JuP-C  -', '(not shown: what; --wide shows all)'].join(
        '\n',
      ),
    );
    expect(table(headings, rows.slice(1), page(12))).toBe(
      ['kid   Ep2JuP-C42mODeGX0pNz5ng2gttPaCZh-dTt-FwHC68', 'what  short', 'made  -'].join('\n'),
    );
  });

  it('shortens kids to what none beside it begins with', () => {
    expect(table(['kid'], [[{ kid: KIDS[0] }]], page(20), { among: KIDS })).toBe('KID\nNzbLsXh8u');
  });

  it('counts what wide characters take', () => {
    expect(
      table(
        ['name', 'what'],
        [
          ['鍵の名前', 'x'],
          ['key', 'y'],
        ],
        page(undefined),
      ),
    ).toBe(['NAME      WHAT', '鍵の名前  x', 'key       y'].join('\n'));
  });
});
