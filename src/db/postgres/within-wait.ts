import { openSession, type PostgresThread } from './open-session.ts';
import type { PostgresSession } from './session.ts';
import { endSyncWait, endWaitsBefore } from './sync-wait.ts';

/** So long a commit may wait for a standby: less than an answer may take, and what waits behind it. */
const COMMIT_WAIT_MS = 2_000;
/** The same where something urgent waits behind it. */
const HURRIED_WAIT_MS = 100;
const LOOK_MS = 25;

/** Whether a wait that begins now is over by then. */
export function waitFromNow(isHurried = () => false): () => boolean {
  const begun = performance.now();
  return () => performance.now() - begun >= (isHurried() ? HURRIED_WAIT_MS : COMMIT_WAIT_MS);
}

/**
 * Settles as what that session was asked does, and ends its wait for a standby after a while. The wait would outlive the
 * connection, and leave one more behind on the server with each connection that is given up.
 */
export async function withinWait<T>(
  thread: PostgresThread,
  { backend }: PostgresSession,
  asked: Promise<T>,
  isOver = waitFromNow(),
): Promise<T> {
  const timer = setInterval(() => {
    if (!isOver()) return;
    clearInterval(timer);
    void endWait(thread, backend);
  }, LOOK_MS);
  try {
    return await asked;
  } finally {
    clearInterval(timer);
  }
}

/**
 * Settles as what that session was asked does, which something urgent is behind. Other fronts hold their turn for as long
 * as their commits wait for a standby: these waits are ended, and what they commit is refused.
 */
export async function beforeOthers<T>(
  thread: PostgresThread,
  { backend }: PostgresSession,
  asked: Promise<T>,
): Promise<T> {
  const timer = setInterval(
    () => void withSession(thread, (session) => endWaitsBefore(session, backend)),
    HURRIED_WAIT_MS,
  );
  try {
    return await asked;
  } finally {
    clearInterval(timer);
  }
}

function endWait(thread: PostgresThread, backend: number): Promise<void> {
  return withSession(thread, (session) => endSyncWait(session, backend));
}

async function withSession(
  thread: PostgresThread,
  work: (session: PostgresSession) => Promise<unknown>,
): Promise<void> {
  try {
    const { session } = await openSession(thread);
    await work(session).finally(() => session.close());
  } catch {
    // The deadline of the answer ends it on this side.
  }
}
