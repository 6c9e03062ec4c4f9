import type { Command } from 'commander';

/** A whole `kid`, base64url of 32 bytes, whose first character makes it look like options. */
const DASHED_KID = /^-[\w-]{42}$/;

/**
 * Every 64th key has a name that begins with `-`. Where one stands in the place of an operand it goes behind `--`, so
 * that nobody has to think of that in an emergency. One that is cut short cannot be told from options.
 */
export function behindDashes(argv: readonly string[], program: Command): readonly string[] {
  if (argv.includes('--')) return argv;
  const valued = new Set(valuedOptions(program));
  const isKid = (arg: string, index: number) => DASHED_KID.test(arg) && !valued.has(argv[index - 1] ?? '');
  const kids = argv.filter(isKid);
  return kids.length === 0 ? argv : [...argv.filter((arg, index) => !isKid(arg, index)), '--', ...kids];
}

/** The names of all options that are followed by a value. */
function valuedOptions(command: Command): string[] {
  const own = command.options.filter(({ required, optional }) => required || optional);
  return [
    ...own.flatMap(({ short, long }) => [short, long].filter((name) => name !== undefined)),
    ...command.commands.flatMap(valuedOptions),
  ];
}
