import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createAccessStore } from '../../../src/access/store/access.ts';
import { openStore } from '../../../src/db/open-store.ts';
import type { AuditEvent } from '../../../src/kernel/audit.ts';
import { KeywardError } from '../../../src/kernel/errors.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { NOON } from '../../support/open-test-store.ts';
import { ALICE } from '../../support/registry-samples.ts';
import { SOFTWARE_SEAL } from '../../support/software-seal.ts';
import { auditEventsIn } from '../../support/store-database.ts';

const client = (id: string) => ({ id, description: '', createdAt: 1, revokedAt: null, grants: [] });

it('I10: without a sink that confirms, nothing that weakens is changed, and restricting works', async () => {
  const file = join(folderOfTest(), 'keyward.db');
  const asked: AuditEvent[] = [];
  const gate = {
    away: false,
    async confirm(event: AuditEvent) {
      asked.push(event);
      if (gate.away) throw new KeywardError('audit_sink_unavailable', 'away');
    },
  };
  const store = await openStore({
    database: { file },
    archiveDir: `${file}-archive`,
    queueLimit: 100,
    clock: NOON,
    onEvent: () => {},
    gate,
  });
  onTestFinished(() => store.close());
  await store.openRegistry({ seal: SOFTWARE_SEAL });
  const access = createAccessStore(store.changes);
  await access.addClient(client('web'), Buffer.alloc(32, 1), ALICE);
  expect(asked.map(({ type }) => type)).toEqual(['client.created']);

  gate.away = true;
  const refused = access.addClient(client('app'), Buffer.alloc(32, 2), ALICE);
  await expect(refused).rejects.toMatchObject({ code: 'audit_sink_unavailable' });
  await access.revokeClient('web', 2, ALICE);
  expect(asked.map(({ type }) => type)).toEqual(['client.created', 'client.created']);
  expect(auditEventsIn(file).map(({ type }) => type)).toEqual(['client.created', 'client.revoked']);
});
