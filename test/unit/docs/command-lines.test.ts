import { globSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandLines, objectionTo } from '../../support/command-lines.ts';
import { pages, ROOT } from '../../support/pages.ts';

/** Units, manifests and scripts, as if a page showed them; what alerts say of a job of that name is none. */
const FILES = globSync(['deploy/**/*', 'examples/*.yaml'], { cwd: ROOT, withFileTypes: true })
  .filter((entry) => entry.isFile() && !/\.(?:md|json|test\.yml)$/.test(entry.name))
  .map(({ parentPath, name }) => relative(ROOT, join(parentPath, name)))
  .sort();
const shown = (path: string) => ({
  path,
  text: `\`\`\`\n${readFileSync(join(ROOT, path), 'utf8').replaceAll(/^ *# ?/gm, '')}`,
});
const ALL = [...pages(), ...FILES.map(shown)];

describe('every command line that a page shows', () => {
  it.each(ALL.map((page) => [page.path, page] as const))('%s', async (_, page) => {
    const wrong: string[] = [];
    for (const line of commandLines(page)) {
      const objection = await objectionTo(line);
      if (objection !== undefined) wrong.push(`${line.at}: keyward ${line.argv.join(' ')}: ${objection}`);
    }
    expect(wrong).toEqual([]);
  });

  it('is many', () => {
    const found = ALL.flatMap(commandLines);
    expect(found.filter(({ isInline }) => !isInline).length).toBeGreaterThan(60);
    expect(found.filter(({ isInline }) => isInline).length).toBeGreaterThan(100);
  });
});

describe('a command line', () => {
  const lineOf = (text: string) => commandLines({ path: 'p.md', text });

  it('is found with its place, in blocks and in sentences', () => {
    const page = [
      'Run `./scripts/keyward key list`, not `keywarden key list`.',
      '```sh',
      '$ keyward scope create a --issuer "https://a b" \\',
      '    --audience b   # a note with keyward key list',
      'It says: keyward key nonsense',
      'alice$ keyward token issue a < token > out | keyward event show <event>; x',
      'root# keyward-offline hsm replace',
      'root# runuser -u keyward -- keyward doctor',
      '```',
    ].join('\n');
    expect(lineOf(page).map(({ at, argv, isInline }) => [at, argv, isInline])).toEqual([
      ['p.md:1', ['key', 'list'], true],
      ['p.md:3', ['scope', 'create', 'a', '--issuer', 'https://a b', '--audience', 'b'], false],
      ['p.md:6', ['token', 'issue', 'a'], false],
      ['p.md:6', ['event', 'show', '<event>'], false],
      ['p.md:7', ['hsm', 'replace'], false],
      ['p.md:8', ['doctor'], false],
    ]);
  });

  const objection = async (text: string) => {
    const [line] = lineOf(text);
    return line && (await objectionTo(line));
  };
  it.each([
    ['`keyward key compromise`'],
    ['`keyward key compromise <kid> --reason …`'],
    ['`keyward event show <event>`'],
    ['`keyward-offline restore <dir>`'],
    ['`runuser -u keyward -- keyward backup <dir>`'],
    ['`keyward key compromise --reason`'],
    ['`keyward audit verify --database <dir>/keyward.db`'],
    ['`keyward grant add <client> <scope> <action>`'],
    ['```\nkeyward hsm compromise partner --reason "the PIN was in a mail"'],
    ['```\nkeyward key suspend NzbLsXh8 --reason x # keyward nonsense'],
  ])('%s is right', async (text) => expect(await objection(text)).toBeUndefined());

  it.each([
    ['`keyward key compromise <kid>`', /required option '--reason <text>' not specified/],
    ['`keyward hsm compromise <token>`', /required option '--reason <text>'/],
    ['```\nkeyward key compromise NzbLsXh8', /required option '--reason <text>'/],
    ['`keyward key compromize`', /unknown command 'compromize'/],
    ['`keyward-offline restor <dir>`', /unknown command 'restor'/],
    ['`runuser -u keyward -- keyward backupp <dir>`', /unknown command 'backupp'/],
    ['`keyward key list --scop`', /unknown option '--scop'/],
    ['`keyward key list --scop payments`', /unknown option '--scop'/],
    ['`keyward event list --state closed`', /'closed' is invalid/],
    ['```\nkeyward event show', /missing required argument 'event'/],
    ['```\nkeyward event show first', /Use a whole number/],
    ['```\nkeyward grant add web payments write', /Allowed choices are/],
    ['```\nkeyward whoami alice', /too many arguments/],
  ])('%s is refused', async (text, said) => expect(await objection(text)).toMatch(said));
});
