import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { furtherFront } from '../support/further-front.ts';
import { createDatabase } from '../support/postgres/create-database.ts';
import { NO_POSTGRES, POSTGRES } from '../support/postgres/programs.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const within = { timeout: 60_000, interval: 100 };

describe.skipIf(NO_POSTGRES)(`the front that leads, of two on ${POSTGRES}`, () => {
  let fronts: readonly [RunningService, RunningService];
  const folder = temporaryFolder();
  const told = join(folder.path, 'told.jsonl');

  beforeAll(async () => {
    const { url } = await createDatabase();
    const url_file = join(folder.path, 'database-url');
    writeFileSync(url_file, url, { mode: 0o600 });
    const first = await startService({
      config: {
        database: { url_file, durability: 'single' },
        notifications: { targets: { log: { type: 'file', file: told } } },
      },
    });
    await first.provision({ id: 'payments' });
    fronts = [first, await furtherFront(first)];
  });
  afterAll(async () => {
    await Promise.all(fronts?.map((front) => front.stop()) ?? []);
    await fronts?.[0].remove();
    folder.remove();
  });

  const leadingOf = async ({ operationsUrl }: RunningService) => {
    const text = await (await fetch(new URL('/metrics', operationsUrl))).text();
    return Number(/^keyward_leader (\d)$/m.exec(text)?.[1]);
  };
  const leading = () => Promise.all(fronts.map(leadingOf));
  const keysOf = async ({ operations }: RunningService): Promise<readonly { kid: string; state: string }[]> =>
    (await operations('GET', '/v1/admin/keys?scope=payments')).body.keys;
  const kidOf = async (front: RunningService, state: string) =>
    (await keysOf(front)).find((key) => key.state === state)?.kid;
  const compromise = async (front: RunningService) => {
    const kid = await kidOf(front, 'active');
    await front.act('POST', `/v1/admin/keys/${kid}/compromise`, { reason: 'test' });
    return kid;
  };
  /** The subjects of the messages about compromises that were sent. */
  const messages = () =>
    readFileSync(told, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).data.event)
      .filter((event) => event?.type === 'key.compromised')
      .map(({ subject }) => subject);
  const checkpointOf = async (front: RunningService) =>
    (await front.data('GET', '/v1/checkpoints/latest')).body;

  it('is one of them, and makes the next standby and tells of what was done at the other', async () => {
    const [, second] = fronts;
    expect(await leading()).toEqual([1, 0]);
    const kid = await compromise(second);
    await expect.poll(() => kidOf(second, 'pre_activation'), within).toBeDefined();
    await expect.poll(messages, within).toEqual([`key:${kid}`]);
    for (const front of fronts) {
      await expect
        .poll(async () => (await keysOf(front)).map(({ state }) => state).sort(), within)
        .toEqual(['active', 'compromised', 'pre_activation']);
    }
  });

  it('takes the checkpoints, of which either answers the newest', async () => {
    const [first, second] = fronts;
    const { number } = await checkpointOf(second);
    await second.act('POST', '/v1/admin/revocations', {
      scope: 'payments',
      jti: 'j1',
      reason: 'test',
    });
    await expect.poll(async () => (await checkpointOf(second)).number, within).toBeGreaterThan(number);
    // Both are asked each time: there may be a newer one meanwhile.
    await expect
      .poll(async () => {
        const of = await Promise.all([first, second].map(checkpointOf));
        return new Set(of.map(({ checkpoint }) => checkpoint)).size;
      }, within)
      .toBe(1);
  });

  it('knows of the rehearsals and reviews of the other, which knows of those of the first', async () => {
    const [first, second] = fronts;
    const drill = { drill: 'compromise', scope: 'payments', passed: true, steps: [] };
    const { body } = await second.operations('POST', '/v1/admin/drills', drill);
    for (const { operations } of fronts) {
      expect((await operations('GET', '/v1/admin/drills')).body.drills).toEqual([body.drill]);
    }
    await first.operations('GET', '/v1/admin/reviews/current');
    const signed = await first.operations('POST', '/v1/admin/reviews', { note: 'fine' });
    expect(signed.status).toBe(201);
    for (const { operations } of fronts) {
      expect((await operations('GET', '/v1/admin/reviews')).body.reviews).toEqual([signed.body.review]);
    }
  });

  it('is the other once it is killed, which goes on and tells nothing twice', async () => {
    const [first, second] = fronts;
    const before = messages();
    const { number } = await checkpointOf(second);
    await first.kill();
    const kid = await compromise(second);
    await expect.poll(() => leadingOf(second), within).toBe(1);
    await expect.poll(messages, within).toEqual([...before, `key:${kid}`]);
    await expect.poll(() => kidOf(second, 'pre_activation'), within).toBeDefined();
    await expect.poll(async () => (await checkpointOf(second)).number, within).toBeGreaterThan(number);
    fronts = [await first.restart(), second];
    await expect.poll(leading, within).toEqual([0, 1]);
    await expect
      .poll(async () => (await checkpointOf(fronts[0])).checkpoint, within)
      .toBe((await checkpointOf(second)).checkpoint);
    const { events } = (await second.operations('GET', '/v1/admin/events?limit=1000')).body;
    const types = new Set(events.map(({ type }: { type: string }) => type));
    for (const type of ['audit.sink_changed', 'audit.chain_broken', 'notification.outbox_changed']) {
      expect(types).not.toContain(type);
    }
  });
});
