import { randomBytes } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { TrxWriter } from '../../src/db/schema.ts';
import { createOutageWatch } from '../../src/events/index.ts';
import { KeywardError } from '../../src/kernel/errors.ts';
import type { Leadership } from '../../src/kernel/registry.ts';
import type { Scope } from '../../src/kernel/scope.ts';
import type { Tracer } from '../../src/kernel/trace.ts';
import { createMetrics } from '../../src/metrics/metrics.ts';
import { openNotifications } from '../../src/notifications/index.ts';
import { notificationSection, notificationSettings } from '../../src/notifications/settings.ts';
import { heldTime } from './held-time.ts';
import { SOLE_OWNER } from './leadership.ts';
import { openTestStore, type TestStores } from './open-test-store.ts';
import { raiserOver } from './raised-events.ts';
import { recordedLog } from './recorded-log.ts';

const START = 1_760_000_000;
export const ADA = { operatorId: 'ada', requestId: null };

/** A file of that folder with a secret for webhooks in it. */
export function webhookSecret(folder: string, name = 'secret') {
  const file = join(folder, name);
  const key = randomBytes(32);
  writeFileSync(file, `whsec_${key.toString('base64')}\n`);
  chmodSync(file, 0o600);
  return { file, key };
}

interface Notifying {
  /** The section of the configuration. */
  readonly section: object;
  readonly scopes?: readonly Pick<Scope, 'id' | 'contacts'>[];
  /** The database of an earlier process. */
  readonly file?: string;
  /** Whether the database takes no writes just now. */
  readonly isFull?: () => boolean;
  readonly tracer?: Tracer | undefined;
  readonly leadership?: Leadership;
}

/** Real notifications over a real database, with time that passes when the test says so; the test says when to look. */
export async function notifying({ file, ...given }: Notifying) {
  const time = heldTime(START);
  const { store, file: database } = await openTestStore({ clock: time.clock, ...(file ? { file } : {}) });
  return { ...(await notifyFrom(store, { ...given, time })), store, time, database };
}

/** The same on a store that is open already. */
export async function notifyFrom(
  store: TestStores,
  {
    section,
    scopes = [],
    time,
    isFull = () => false,
    tracer,
    leadership = SOLE_OWNER,
  }: Omit<Notifying, 'file'> & { readonly time: ReturnType<typeof heldTime> },
) {
  const metrics = createMetrics();
  const { log, lines } = recordedLog();
  const raiser = raiserOver(store.securityEvents);
  const outages = createOutageWatch(time.clock);
  const transaction: TrxWriter['transaction'] = async (work) => {
    if (isFull()) throw new KeywardError('store_unavailable', 'full');
    return await store.writer.transaction(work);
  };
  const notifications = await openNotifications({
    settings: notificationSettings(notificationSection.parse(section), (path) => path),
    store: { reader: store.reader, writer: { transaction } },
    eventStore: store.securityEvents,
    audit: store.audit,
    keyRing: {
      scope: (id) => scopes.find((scope) => scope.id === id) as Scope | undefined,
      knownKey: () => undefined,
    },
    metrics,
    settledTime: { isSettled: () => true },
    outages,
    leadership,
    clock: time.clock,
    log,
    tracer,
    random: () => 1,
  });
  onTestFinished(() => notifications.stop());
  return {
    notifications,
    raiser,
    unstored: outages.unstored,
    desk: notifications.service,
    metrics,
    lines,
    look: async () => {
      await notifications.tick(raiser);
      await raiser.settled();
    },
    deliveries: () => notifications.service.list({}, { limit: 100 }),
  };
}
