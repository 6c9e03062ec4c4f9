import { inspect } from 'node:util';
import { readEnvironment } from '../config-environment.ts';
import { EXIT } from './failure.ts';
import type { Surroundings } from './run.ts';

// Before the rest is loaded: a service is not ended by a hangup, which means reload.
if (process.argv.some((word) => word === 'serve' || word === 'signer')) process.on('SIGHUP', () => undefined);

// A reader that has seen enough, such as `head`, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

const [{ run }, { terminalText }] = await Promise.all([import('./run.ts'), import('./text.ts')]);

async function ask(question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises');
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await reader.question(question);
  } finally {
    reader.close();
  }
}

const surroundings: Surroundings = {
  environment: readEnvironment(),
  nowSeconds: () => Math.floor(Date.now() / 1000),
  isTerminal: process.stdout.isTTY === true,
  columns: process.stdout.columns,
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  ask: process.stdin.isTTY && process.stderr.isTTY ? ask : undefined,
  progress: process.stderr.isTTY ? (line) => process.stderr.write(`\r\u001b[K${line}`) : undefined,
};

// Not process.exit(): output to a pipe would be cut off.
try {
  process.exitCode = await run(process.argv.slice(2), surroundings);
} catch (error) {
  // Node would write the message as it is, and it may quote a file from elsewhere.
  process.stderr.write(terminalText(`${inspect(error)}\n`));
  process.exitCode = EXIT.failed;
}
