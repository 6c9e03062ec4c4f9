import type { Progress } from './rounds.ts';

/** On one line of a terminal; elsewhere a line for each round. */
export function showProgress(rounds: number): Progress {
  const began = performance.now();
  let shown: number | undefined;
  return (round, cell, share) => {
    if (cell === undefined) {
      if (process.stderr.isTTY) process.stderr.write('\n');
      return;
    }
    const text = `round ${round + 1} of ${rounds}${timeLeft(performance.now() - began, share)}`;
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}: ${cell}`);
    else if (round !== shown) process.stderr.write(`${text}\n`);
    shown = round;
  };
}

function timeLeft(elapsedMs: number, share: number): string {
  if (share < 0.02) return '';
  const seconds = (elapsedMs / 1_000) * (1 / share - 1);
  return seconds < 90 ? `, ${Math.round(seconds)} s left` : `, ${Math.round(seconds / 60)} min left`;
}
