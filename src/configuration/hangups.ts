/** SIGHUP of the whole life of the process, which ends nothing. */
export interface Hangups {
  /** Called at each from now on, and now if there were any before. */
  subscribe(listener: () => void): void;
}

export function catchHangups(): Hangups {
  let listener: (() => void) | undefined;
  let missed = false;
  process.on('SIGHUP', () => {
    missed = true;
    listener?.();
  });
  return {
    subscribe(given) {
      listener = given;
      if (missed) given();
    },
  };
}
