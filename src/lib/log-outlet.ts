import { fstatSync, writeSync } from 'node:fs';

/** What may wait for a reader who is slow; past it lines are lost. */
const MOST_WAITING_BYTES = 4 * 1024 * 1024;
const STDOUT = 1;

interface LogOutletWatch {
  /** The first line in a row that was lost, and why. */
  failing(why: string): void;
  /** Lines are written again; so many were lost since they began to be. */
  works(lost: number): void;
}

/** Where lines of the log go: a file that is written at once, or a pipe or socket that takes them when it is read. */
type Way = (line: string, done: (error?: Error | null) => void) => void;

/**
 * Standard output for the log. What cannot be written costs lines, which are counted, and nothing else: no error, and
 * no waiting for a reader.
 */
export class LogOutlet {
  readonly #way: Way;
  #watch: LogOutletWatch = { failing() {}, works() {} };
  #lost = 0;
  /** Of the row of losses that goes on. */
  #lostInARow = 0;

  constructor(way: Way = waysOfStdout()) {
    this.#way = way;
  }

  /** Lines lost since the process started. */
  get lost(): number {
    return this.#lost;
  }

  watch(watch: LogOutletWatch): void {
    this.#watch = watch;
  }

  /** For pino. */
  write(line: string): void {
    this.#way(line, (error) => (error ? this.#failed(error) : this.#worked()));
  }

  #failed(error: Error): void {
    this.#lost++;
    if (this.#lostInARow++ === 0) this.#watch.failing(error.message);
  }

  #worked(): void {
    const lost = this.#lostInARow;
    if (lost === 0) return;
    this.#lostInARow = 0;
    this.#watch.works(lost);
  }
}

function waysOfStdout(): Way {
  const status = fstatSync(STDOUT);
  return status.isFIFO() || status.isSocket() ? toReader(process.stdout) : toFile(STDOUT);
}

/** A pipe or socket does not block; what its reader does not take waits in memory. */
export function toReader(stream: NodeJS.WriteStream, most = MOST_WAITING_BYTES): Way {
  // The command line ends with its reader; a service does not. Each write is told of its own failure.
  stream.removeAllListeners('error').on('error', () => {});
  return (line, done) => {
    if (stream.writableLength > most) done(new Error('nobody reads the log'));
    else stream.write(line, done);
  };
}

/** As much of a line as a full disk took is ended before the next. */
export function toFile(fd: number): Way {
  let cut = false;
  return (line, done) => {
    const bytes = Buffer.from(cut ? `\n${line}` : line);
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(fd, bytes, written);
    } catch (error) {
      cut ||= written > 0;
      return done(error as Error);
    }
    cut = false;
    done();
  };
}
