/** Whoever waits for longer is told so. */
const AFTER_MS = 2_000;
const EVERY_MS = 1_000;

type Progress = ((line: string) => void) | undefined;

/** Tells on standard error, where that is a terminal, that it is going on, and for how long; then takes the line away. */
export async function whileWaiting<T>(work: Promise<T>, what: string, progress: Progress): Promise<T> {
  if (!progress) return work;
  const began = performance.now();
  let told = false;
  const timer = setInterval(() => {
    const waited = performance.now() - began;
    if (waited < AFTER_MS) return;
    told = true;
    progress(`${what}, ${Math.floor(waited / 1_000)} s`);
  }, EVERY_MS);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    if (told) progress('');
  }
}
