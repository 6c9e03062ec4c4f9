import type { LeftBehind } from '../db/left-behind.ts';
import type { Store } from '../db/open-store.ts';
import type { AuditEvent } from '../kernel/audit.ts';
import type { Capability } from '../kernel/capability.ts';
import { type ErrorCode, KeywardError, operatorText } from '../kernel/errors.ts';
import { type ActingDeps, idIn, NOTHING_THERE, URGENT } from './replay-restrictions.ts';

interface LeftBehindDeps extends ActingDeps {
  readonly store: Pick<Store, 'leftBehind'>;
  readonly monotonicMs?: () => number;
}

interface LeftBehindRepeater extends Capability {
  /** Before anything is served. Answers how many were ordered; what could not be ordered refuses the start. */
  atStart(): Promise<number>;
}

interface Ordered {
  readonly count: number;
  /** In force, or left to people. */
  readonly settled: readonly AuditEvent[];
  readonly failures: readonly unknown[];
}

/** `not there`: nothing is known of what it is about, or of some of it. */
type Outcome = 'in force' | 'by itself' | 'for people' | 'not there';

const NOTHING_ORDERED: Ordered = { count: 0, settled: [], failures: [] };

const PROMOTED = 'before a promotion of the database lost it';
const RUNBOOK = 'docs/runbooks/postgresql.md#an-urgent-change-stays-in-a-file-owed';
/** So long after nothing could be done about what is left, it is tried again: a certificate or a row may be back. */
const AGAIN_MS = 10_000;

/** Also of a row that was refused: it is not known that there is nothing to restrict. */
const MAY_COME_BACK: ReadonlySet<ErrorCode> = new Set(['unknown_key', 'unknown_scope', 'unknown_hsm_token']);

/** Rows that wait for their signature are signed again. */
const SIGNED_LATE = 'registry.signed';
/** It reaches the keys that are there. */
const OF_ALL_KEYS = 'hsm.compromised';

/**
 * Compromises and suspensions that were acknowledged before standbys had them are in force, also where a promotion has
 * lost them: those of a former process before anything is served, those that another front stood in the way of once what it
 * committed is followed (decision 145). Where one fails, the others are ordered all the same.
 */
export function createLeftBehindRepeater({
  store: { leftBehind },
  monotonicMs = () => performance.now(),
  ...deps
}: LeftBehindDeps): LeftBehindRepeater {
  const { log } = deps;
  const { file } = leftBehind;
  const toldOf = new WeakSet<AuditEvent>();
  let hasNamed = false;
  /** Lines that nothing could be done about. */
  let stuck = 0;
  let againAt = 0;

  const name = ({ count, named }: LeftBehind['unvouched']): void => {
    if (hasNamed || count === 0) return;
    hasNamed = true;
    log.error(
      { file, lines: named, more: count - named.length, runbook: RUNBOOK },
      'no certified run vouches for these urgent changes: none is repeated, and their lines stay until a person looks',
    );
  };

  const order = async (event: AuditEvent, hasRefusedKeys: boolean): Promise<Outcome> => {
    const { type, subject, details } = event;
    const act = Object.hasOwn(URGENT, type) ? URGENT[type] : undefined;
    if (!act) return type === SIGNED_LATE ? 'by itself' : 'for people';
    try {
      await act({ of: idIn(subject), details, lost: PROMOTED }, deps);
      return hasRefusedKeys && type === OF_ALL_KEYS ? 'not there' : 'in force';
    } catch (error) {
      if (!(error instanceof KeywardError) || !NOTHING_THERE.has(error.code)) throw error;
      return MAY_COME_BACK.has(error.code) ? 'not there' : 'for people';
    }
  };

  const tell = (event: AuditEvent, outcome: Outcome): void => {
    const { type, subject } = event;
    if (outcome === 'in force') {
      log.warn(
        { type, subject },
        'an urgent change that standbys may have lacked is in force, or was ordered anew',
      );
    } else if (outcome === 'for people') {
      log.error({ type, subject }, 'a promotion may have lost an urgent change: look, and make it again');
    } else if (outcome === 'not there' && !toldOf.has(event)) {
      toldOf.add(event);
      log.error(
        { type, subject, file, runbook: RUNBOOK },
        'an urgent change is of what is not there, or of a row that was refused: its line stays, and it is tried again',
      );
    }
  };

  const orderAll = async (): Promise<Ordered> => {
    const { events, unvouched, hasRefusedKeys } = await leftBehind.read();
    name(unvouched);
    const settled: AuditEvent[] = [];
    const failures: unknown[] = [];
    let count = 0;
    for (const event of events) {
      try {
        const outcome = await order(event, hasRefusedKeys);
        tell(event, outcome);
        if (outcome !== 'not there') settled.push(event);
        if (outcome === 'in force') count += 1;
      } catch (failure) {
        failures.push(failure);
      }
    }
    stuck = failures.length > 0 ? 0 : events.length - settled.length + unvouched.count;
    againAt = monotonicMs() + AGAIN_MS;
    return { count, settled, failures };
  };

  const refuseStart = (error: unknown): never => {
    if (!(error instanceof KeywardError)) throw error;
    throw new KeywardError(
      error.code,
      `Not all urgent changes that ${file} keeps could be repeated, and nothing is served before they are: ` +
        `${operatorText(error).replace(/\.$/, '')}. Their lines stay in the file. Start again, as ${RUNBOOK} says.`,
      { cause: error },
    );
  };

  return {
    async atStart() {
      if (leftBehind.count === 0) return 0;
      const { count, settled, failures } = await orderAll().catch(refuseStart);
      // They are in force: lines that stay hold up no start.
      await leftBehind
        .settle(settled)
        .catch((err: unknown) => log.error({ err, file }, 'lines of urgent changes are not taken away yet'));
      if (failures.length > 0) refuseStart(failures[0]);
      return count;
    },
    tasks: [
      {
        name: 'urgent changes',
        everyMs: 1_000,
        async tick() {
          const isDue = leftBehind.count > stuck || (leftBehind.count > 0 && monotonicMs() >= againAt);
          const { settled, failures } = isDue ? await orderAll() : NOTHING_ORDERED;
          if (settled.length > 0 || leftBehind.hasSettled) await leftBehind.settle(settled);
          if (failures.length > 0) throw failures[0];
        },
      },
    ],
  };
}
