import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningService, startService } from '../support/running-service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { generators } from './generated-clients.ts';

const found = generators();
const SCOPE = 'payments';

describe.skipIf(found.every(({ missing }) => missing))('clients generated from the API descriptions', () => {
  const folder = temporaryFolder();
  let service: RunningService;
  let task: string;

  beforeAll(async () => {
    service = await startService();
    const { sign, verify } = await service.provision({ id: SCOPE });
    for (const [plane, url] of [
      ['data', service.dataUrl],
      ['operations', service.operationsUrl],
    ] as const) {
      const answer = await fetch(`${url}/openapi.json`);
      writeFileSync(join(folder.path, `${plane}.json`), await answer.text());
    }
    task = JSON.stringify({
      data_url: service.dataUrl,
      operations_url: service.operationsUrl,
      scope: SCOPE,
      sign,
      verify_id: `${SCOPE}-verify`,
      verify,
      operator: service.operator,
    });
  });
  afterAll(async () => {
    await service.remove();
    folder.remove();
  });

  for (const { name, missing, prepare } of found) {
    it.skipIf(missing)(
      missing ? `${name}: no ${missing} here` : `${name}: built, and understands all it is told`,
      () => {
        const [command = '', ...args] = prepare(folder.path);
        const { status, stdout, stderr } = spawnSync(command, args, { input: task, encoding: 'utf8' });
        expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
        const { scopes, created, ...seen } = JSON.parse(stdout);
        expect(seen).toEqual({
          problem: 'reserved_claim',
          batch: ['token', 'reserved_claim'],
          valid: true,
          subject: 'alice',
          refused: expect.stringMatching(/^\w+$/),
          active: ['bearer', 'basic', 'post'],
          oauth_error: 'invalid_client',
          kids_in_set: true,
          ready: true,
          key_states: 2,
          anonymously: 'credential_missing',
        });
        expect(scopes).toEqual(expect.arrayContaining([SCOPE, created]));
      },
    );
  }
});
