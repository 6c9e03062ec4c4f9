import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { paint, terminalText } from '../../../src/cli/text.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';

const ROOT = join(import.meta.dirname, '../../../src/cli');

it.each([
  ['an escape', 'a\u001b[31mb', 'a\ufffd[31mb'],
  ['C1', 'a\u009b31mb', 'a\ufffd31mb'],
  ['a carriage return', 'ok\rfail', 'ok\ufffdfail'],
  ['a bidi override', 'a\u202eb', 'a\ufffdb'],
  ['a line separator', 'a\u2028b', 'a\ufffdb'],
])('%s in a text from elsewhere is not obeyed', (_, text, shown) => {
  expect(terminalText(text)).toBe(shown);
});

it('lines and tabs stay', () => {
  expect(terminalText('a\n\tb\n')).toBe('a\n\tb\n');
});

it('colours are those that the command line has put there', () => {
  expect(terminalText(paint('ok', 'green', true))).toBe('\u001b[32mok\u001b[0m');
  expect(terminalText(paint('a\u001b[32mb', 'red', true))).toBe('\u001b[31ma\ufffd[32mb\u001b[0m');
});

it('nothing from elsewhere passes, whatever it is', () => {
  const hostile = fc.string({ unit: 'binary' });
  fc.assert(
    fc.property(hostile, hostile, (name, text) => {
      const shown = terminalText(`${name}  ${paint(text, 'red', true)}\n`);
      expect(shown.replaceAll('\u001b[31m', '').replaceAll('\u001b[0m', '')).not.toMatch(
        /(?![\n\t])[\p{C}\p{Zl}\p{Zp}]/u,
      );
      expect(shown.split('\u001b')).toHaveLength(3);
    }),
  );
});

it('nothing else of the command line writes to standard output or standard error', () => {
  const sources = join(ROOT, '..');
  // The command line's own, and what each capability prints: `cli.ts`, `cli-….ts`.
  const files = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /(?:^|\/)cli(?:-[a-z-]+)?(?:\.ts$|\/.*\.ts$)/.test(file),
  );
  expect(files.length).toBeGreaterThan(60);
  const writing = files.filter((file) =>
    /process\.std(?:out|err)\.write|console\.|process\.std(?:out|err)\.fd/.test(
      readFileSync(join(sources, file), 'utf8'),
    ),
  );
  expect(writing).toEqual(['cli/main.ts']);
});

it('an error names a file without what a terminal would obey', () => {
  const [key, trail] = ['\u001b]0;title\u0007.json', 'trail.jsonl'].map((name) => join(folderOfTest(), name));
  writeFileSync(key ?? '', 'no JSON');
  writeFileSync(trail ?? '', '');
  const argv = [join(ROOT, 'main.ts'), 'audit', 'verify', '--file', trail ?? '', '--audit-key', key ?? ''];
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8', env: {} });
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toContain('\ufffd]0;title\ufffd');
  expect(stderr.replaceAll(/[\n\t]/g, '')).not.toMatch(/\p{C}/u);
});
