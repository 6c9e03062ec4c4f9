import { readEnvironment } from '../config-environment.ts';
import { run } from './run.ts';

// A reader that has seen enough, such as `head`, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

// Not process.exit(): output to a pipe would be cut off.
process.exitCode = await run(process.argv.slice(2), {
  environment: readEnvironment(),
  nowSeconds: () => Math.floor(Date.now() / 1000),
  isTerminal: process.stdout.isTTY === true,
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
});
