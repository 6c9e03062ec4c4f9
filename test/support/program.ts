import { type ChildProcess, spawn } from 'node:child_process';

/** A program under test: what it printed so far, and ways to wait for it. */
export interface Program {
  readonly child: ChildProcess;
  /** Both streams, as they came. */
  output(): string;
  /** Settles once the output holds the text; fails with the output when the program ends before. */
  says(text: string): Promise<void>;
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>;
}

export function startProgram(
  command: string,
  argv: readonly string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
): Program {
  const child = spawn(command, argv, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const waiting = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      for (const look of waiting) look();
    });
  }
  const ended = new Promise<{ code: number | null; output: string }>((resolve, reject) => {
    child.once('error', reject).once('close', (code) => resolve({ code, output }));
  });
  const says = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (output.includes(text)) resolve();
      };
      waiting.add(look);
      look();
      ended.then(() => reject(new Error(`ended without saying ${text}:\n${output}`)), reject);
    });
  return { child, output: () => output, says, ended };
}
