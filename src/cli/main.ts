import { readEnvironment } from '../config-environment.ts';
import { run } from './run.ts';

// Not process.exit(): output to a pipe would be cut off.
process.exitCode = await run(process.argv.slice(2), {
  environment: readEnvironment(),
  nowSeconds: Math.floor(Date.now() / 1000),
  isTerminal: process.stdout.isTTY === true,
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
});
