import { Option } from 'commander';
import { wholeNumber } from './arguments.ts';

export const LARGEST_PAGE = 1_000;

/** The options of such a list, whose `--after` takes what each of its lines begins with. */
export function paging(name: string, read: (text: string) => string | number): readonly Option[] {
  return [
    new Option(`--after <${name}>`, 'go on behind this one').argParser(read),
    new Option('--limit <count>', `at most so many, up to ${LARGEST_PAGE} (default: 100)`).argParser(
      wholeNumber,
    ),
    new Option('--all', 'page after page, to the end').conflicts('limit'),
  ];
}
