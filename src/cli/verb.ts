import { Argument, type Command, Help, Option } from 'commander';
import { examples } from './arguments.ts';
import type { Context } from './context.ts';

/** As commander gives them: the operands, then an object of options. */
type Given = Parameters<Parameters<Command['action']>[0]>;

/** Name or flags, what it is, how its text is read, and what it is by default. */
type Described = readonly [
  name: string,
  description?: string,
  read?: (text: string, before: never) => unknown,
  byDefault?: unknown,
];

export interface Verb {
  /** Operands that need no description follow it: `show <id>`. */
  readonly name: string;
  readonly description: string;
  readonly isDefault?: boolean;
  readonly operands?: readonly (Described | Argument)[];
  readonly options?: readonly (Described | Option)[];
  /** Stands before the examples. */
  readonly note?: string;
  readonly examples: readonly string[];
  /** What it runs. Called with the verb, so that help loads nothing. */
  readonly load: () => Promise<(context: Context, ...given: Given) => void | Promise<void>>;
}

/** A word that verbs, or further nouns, stand behind. */
export interface Noun {
  readonly name: string;
  readonly description: string;
  /** What --config names for these verbs; default: the configuration of the service. */
  readonly config?: string;
  readonly verbs: Verbs;
}

export type Verbs = readonly (Verb | Noun)[];

/** The context of a call, from the options given anywhere on its command line. */
export type Contextual = (command: Command) => Promise<Context>;

export function addVerbs(to: Command, verbs: Verbs, contextOf: Contextual): void {
  for (const each of verbs) {
    if ('load' in each) addVerb(to, each, contextOf);
    else addVerbs(nounIn(to, each), each.verbs, contextOf);
  }
}

function nounIn(to: Command, { name, description, config }: Noun): Command {
  const command = to.command(name).description(description);
  if (config === undefined) return command;
  return command.configureHelp({
    ...to.configureHelp(),
    optionDescription: (option) =>
      option.long === '--config' ? config : Help.prototype.optionDescription(option),
  });
}

function addVerb(to: Command, verb: Verb, contextOf: Contextual): void {
  const command = to.command(verb.name, { isDefault: verb.isDefault === true }).description(verb.description);
  for (const each of verb.operands ?? []) {
    command.addArgument(each instanceof Argument ? each : described(Argument, each));
  }
  for (const each of verb.options ?? []) {
    command.addOption(each instanceof Option ? each : described(Option, each));
  }
  command.addHelpText('after', `${verb.note ?? ''}${examples(...verb.examples)}`);
  command.action(async (...given) => {
    const run = await verb.load();
    await run(await contextOf(command), ...given.slice(0, -1));
  });
}

/** An option that must be given. */
export function required(...given: Described): Option {
  return described(Option, given).makeOptionMandatory();
}

interface Readable {
  argParser(read: (text: string, before: never) => unknown): unknown;
  default(value: unknown): unknown;
}

function described<T extends Readable>(
  Kind: new (name: string, description?: string) => T,
  [name, description, read, byDefault]: Described,
): T {
  const made = new Kind(name, description);
  if (read) made.argParser(read);
  if (byDefault !== undefined) made.default(byDefault);
  return made;
}
