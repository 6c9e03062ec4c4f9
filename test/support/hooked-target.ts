import { expect, vi } from 'vitest';
import { securityEvent } from '../../src/kernel/security-events.ts';
import { folderOfTest } from './folder-of-test.ts';
import { webhookSecret } from './notifying.ts';
import { receiveWebhooks } from './webhook-receiver.ts';

export const PATIENCE = { timeout: 30_000 };
export const jump = (wall: number) => securityEvent('clock.jump', { jump: 'departed', wall, expected: 5 });
export const overdue = securityEvent('drill.overdue', {
  drill: 'rotation',
  since: 1,
  last_passed_at: null,
  overdue_at: 2,
});

/** A receiver of webhooks, and a target that sends to it. */
export async function hook(further: object = {}) {
  const receiver = await receiveWebhooks();
  const { file, key } = webhookSecret(folderOfTest());
  const target = { type: 'webhook', url: receiver.url, secret_file: file, allow_private: true, ...further };
  return { receiver, key, target };
}

/** Waits until the deliveries are in these states, after so many attempts. */
export const settled = (
  states: () => Promise<readonly { state: string; attempts: number }[]>,
  wanted: unknown,
) =>
  vi.waitFor(
    async () => expect((await states()).map(({ state, attempts }) => [state, attempts])).toEqual(wanted),
    PATIENCE,
  );
