const USAGE_EXIT = 2;

/** What `read` makes of the command line; where it throws, says why and how the command is used, and ends with 2. */
export function optionsOrUsage<T>(read: (argv: readonly string[]) => T, usage: string): T {
  try {
    return read(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${usage}`);
    process.exit(USAGE_EXIT);
  }
}
