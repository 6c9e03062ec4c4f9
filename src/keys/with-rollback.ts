import { KeywardError } from '../kernel/errors.ts';

/** Does `work` and, where it fails, `undo`. What cannot be undone stays reserved, for whoever leads to try again. */
export async function withRollback<T>(
  work: () => Promise<T>,
  undo: (why: string) => Promise<void>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await undo(reasonOf(error)).catch((undoing: unknown) => {
      throw withBothCauses(error, undoing);
    });
    throw error;
  }
}

/** Settles once all have; fails as the first that did. */
export async function allTried(works: readonly Promise<unknown>[]): Promise<void> {
  const failure = (await Promise.allSettled(works)).find(({ status }) => status === 'rejected');
  if (failure?.status === 'rejected') throw failure.reason;
}

function reasonOf(error: unknown): string {
  return error instanceof KeywardError ? error.code : 'internal';
}

function withBothCauses(error: unknown, undoing: unknown): KeywardError {
  const cause = new AggregateError([error, undoing], 'making a key failed, and so did undoing it');
  if (!(error instanceof KeywardError)) return new KeywardError('internal', 'making a key failed', { cause });
  const { code, message, retryAfterSeconds } = error;
  return new KeywardError(
    code,
    message,
    retryAfterSeconds === undefined ? { cause } : { cause, retryAfterSeconds },
  );
}
