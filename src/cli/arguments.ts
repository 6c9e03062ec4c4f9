import { type Command, InvalidArgumentError, Option } from 'commander';

/** Commander's parser for options that are counts or spans; the service knows their bounds. */
export function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('Use a whole number.');
  return Number(text);
}

/** The space is how tables print it. */
const FORMS = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d))?$/;

/** Commander's parser for moments: a day, which begins at midnight UTC, or RFC 3339; in seconds since the epoch. */
export function instant(text: string): number {
  const ms = FORMS.test(text) && isDay(text.slice(0, 10)) ? Date.parse(text.replace(' ', 'T')) : Number.NaN;
  if (Number.isNaN(ms)) throw new InvalidArgumentError('Use a day such as 2026-12-01, or 2026-12-01T08:00Z.');
  return Math.floor(ms / 1_000);
}

/** As `instant`, and seconds since the epoch, which is how `--json` tells times. */
export function instantOrSeconds(text: string): number {
  return /^\d+$/.test(text) ? wholeNumber(text) : instant(text);
}

/** `Date.parse` takes the 31st of February for the 3rd of March. */
function isDay(text: string): boolean {
  const ms = Date.parse(text);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}

export const LARGEST_PAGE = 1_000;

/** The options of a list in pages, whose `--after` takes what each of its lines begins with. */
export function paging(name: string, read: (text: string) => string | number): readonly Option[] {
  return [
    new Option(`--after <${name}>`, 'go on behind this one').argParser(read),
    new Option('--limit <count>', `at most so many, up to ${LARGEST_PAGE} (default: 100)`).argParser(
      wholeNumber,
    ),
    new Option('--all', 'page after page, to the end').conflicts('limit'),
  ];
}

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

/** The part of a command's help that shows it in use. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => continued(`  $ ${line}`)).join('\n')}`;
}

/** Of a terminal that does not say, and of help in a pipe. */
export const USUAL_COLUMNS = 80;

/** A command line over as many lines as it takes, each but the first with options alone, to be copied as one. */
function continued(line: string): string {
  const [first = '', ...options] = line.split(/ (?=--)/);
  const lines = [first];
  for (const option of options) {
    const longer = `${lines.at(-1)} ${option}`;
    if (longer.length <= USUAL_COLUMNS - ' \\'.length) lines.splice(-1, 1, longer);
    else lines.push(`      ${option}`);
  }
  return line.length <= USUAL_COLUMNS ? line : lines.join(' \\\n');
}
