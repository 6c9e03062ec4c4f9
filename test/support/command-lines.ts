import { type Command, CommanderError } from 'commander';
import { behindDashes } from '../../src/cli/arguments.ts';
import { program } from '../../src/cli/program.ts';
import type { Page } from './pages.ts';

/** A call of `keyward` that a page shows. */
export interface CommandLine {
  /** Path and line of the page. */
  readonly at: string;
  /** Without the program's name. */
  readonly argv: readonly string[];
  /** Within a sentence, where a verb may be named without all that it takes. */
  readonly isInline: boolean;
}

/** `keyward-offline` passes its arguments on. */
const CALL = /(?<=^|[\s$(]|\.\/scripts\/|\/bin\/)keyward(?:-offline)?(?= (?!keyward\b)(?:--)?[a-z])/g;
const FENCE = /^ *```/;
/** `$ `, or that of a person or host. */
const PROMPT = /^ *(?:\w*\$|\w+#) +/;

interface Line {
  readonly at: string;
  readonly text: string;
}

/** Of blocks, and of code within sentences that begins with `keyward`; in the order of the page. */
export function commandLines({ path, text }: Page): readonly CommandLine[] {
  const found: CommandLine[] = [];
  let block: Line[] | undefined;
  for (const [index, line] of [...text.split('\n'), '```'].entries()) {
    const at = `${path}:${index + 1}`;
    if (!FENCE.test(line)) {
      if (block) block.push({ at, text: line });
      else found.push(...inlineCalls(line, at));
    } else if (block) {
      found.push(...blockCalls(block));
      block = undefined;
    } else block = [];
  }
  return found;
}

/** Where there are prompts, the other lines are what is printed. */
function blockCalls(lines: readonly Line[]): readonly CommandLine[] {
  const joined: Line[] = [];
  for (const { at, text } of lines) {
    const last = joined.at(-1);
    if (last?.text.endsWith('\\'))
      joined[joined.length - 1] = { at: last.at, text: `${last.text.slice(0, -1)} ${text}` };
    else joined.push({ at, text });
  }
  const prompted = joined.filter(({ text }) => PROMPT.test(text));
  const typed = prompted.length > 0 ? prompted : joined;
  return typed.flatMap(({ at, text }) => callsIn(text).map((argv) => ({ at, argv, isInline: false })));
}

function inlineCalls(line: string, at: string): readonly CommandLine[] {
  const spans = [
    ...line.matchAll(/`((?:\.\/scripts\/|runuser -u \S+ -- )?keyward(?:-offline)? [^`]+)`/g),
  ].map(([, span = '']) => span);
  return spans.flatMap(callsIn).map((argv) => ({ at, argv, isInline: true }));
}

function callsIn(line: string): readonly (readonly string[])[] {
  const [code = ''] = line.split(/(?<=^|\s)#(?= )/);
  return [...code.matchAll(CALL)].map(({ 0: name, index }) => wordsOf(code.slice(index + name.length)));
}

const PLACEHOLDER = /<[\w -]+>|…/g;
/** What ends the command, or a word of placeholders, quoted and plain text; of a shell as far as pages go. */
const WORD = /\s*(?:(?!<\w)(\d?[|;&)<>])|((?:<[\w -]+>|"[^"]*"|'[^']*'|\\.|[^\s"'|;&)<>\\])+))/y;

function wordsOf(code: string): readonly string[] {
  const words: string[] = [];
  WORD.lastIndex = 0;
  for (let match = WORD.exec(code); match; match = WORD.exec(code)) {
    const [, end, word = ''] = match;
    if (end !== undefined) break;
    words.push(word.replaceAll(/"([^"]*)"|'([^']*)'/g, (_, one, other) => one ?? other));
  }
  return words;
}

class Parsed extends Error {}

/** What stands for the placeholders of a line: a number, a day, or what some option or operand has to be. */
const STAND_INS = ['1', '2026-12-01', ...new Set(choicesIn(tree(() => undefined)))];

function choicesIn({ options, registeredArguments, commands }: Command): readonly string[] {
  const own = [...options, ...registeredArguments].flatMap(({ argChoices: [choice] = [] }) => choice ?? []);
  return [...own, ...commands.flatMap(choicesIn)];
}

/** What the command line says against it; undefined where it takes it, up to running it. */
export async function objectionTo({ argv, isInline }: CommandLine): Promise<string | undefined> {
  if (isInline && isMention(argv)) return undefined;
  let objection: string | undefined;
  for (const standIn of STAND_INS) {
    objection = await refusal(argv.map((word) => word.replaceAll(PLACEHOLDER, standIn)));
    if (objection === undefined || !argv.some((word) => word.search(PLACEHOLDER) >= 0)) return objection;
  }
  return objection;
}

/** A verb or a noun by its name, and perhaps options of it by theirs, without what they would be given. */
function isMention(argv: readonly string[]): boolean {
  const first = argv.findIndex((word) => word.startsWith('--'));
  const names = first < 0 ? argv : argv.slice(0, first);
  const keyward = tree(() => undefined);
  let at: Command | undefined = keyward;
  for (const word of names) at = at?.commands.find((each) => each.name() === word);
  const options = [...keyward.options, ...(at?.options ?? [])].map(({ long }) => long);
  return at !== undefined && argv.slice(names.length).every((word) => options.includes(word));
}

async function refusal(argv: readonly string[]): Promise<string | undefined> {
  let said = '';
  const keyward = tree((text) => {
    said += text;
  });
  try {
    await keyward.parseAsync(behindDashes(argv, keyward), { from: 'user' });
    return 'it does nothing';
  } catch (error) {
    if (error instanceof Parsed) return undefined;
    if (error instanceof CommanderError)
      return error.exitCode === 0 ? undefined : said.trim() || error.message;
    throw error;
  }
}

function tree(err: (text: string) => void): Command {
  const keyward = program(() => Promise.reject(new Parsed()));
  const quieten = (command: Command): void => {
    command.exitOverride().configureOutput({ writeOut: () => undefined, writeErr: err });
    for (const child of command.commands) quieten(child);
  };
  quieten(keyward);
  return keyward;
}
