import type { Readable } from 'node:stream';

const LONGEST_LINE = 1_000;
const LINES = 200;

/**
 * What a vendor's module prints, line by line: long lines are cut, and of a process that prints without end
 * only the first lines are kept.
 */
export function eachLine(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  let lines = 0;
  const emit = (line: string) => {
    if (line === '' || lines > LINES) return;
    lines += 1;
    onLine(lines > LINES ? 'further output of this process is dropped' : line.slice(0, LONGEST_LINE));
  };
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n');
    rest = (parts.pop() ?? '').slice(0, LONGEST_LINE);
    parts.forEach(emit);
  });
  stream.on('end', () => emit(rest));
  stream.on('error', (error) => emit(`output lost: ${error.message}`));
}
