import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../src/token/signing-input.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { loadTokens, type TokenLoad } from '../support/token-load.ts';

let service: RunningService;
let credential: string;
let load: TokenLoad;
let front: number | undefined;

beforeAll(async () => {
  service = await startService({ hsm: { deadline_ms: 500 } });
  ({ sign: credential } = await service.provision({ id: 'payments' }));
  front = service.process.pid;
});
afterAll(() => service.remove());

beforeEach(async () => {
  load = loadTokens(service, 'payments', credential);
  await load.nextToken();
});

/** No wrong token, no unrecorded one, nothing but 503 for the rest, and the front is the same process still. */
afterEach(async () => {
  await load.stop();
  const { body } = await service.data('GET', '/scopes/payments/jwks.json');
  const keySet = createLocalJWKSet(body);
  await Promise.all(load.tokens.map((token) => jwtVerify(token, keySet)));
  expect(unrecorded(load.tokens)).toStrictEqual([]);
  const others = new Set(load.refusals.map(({ status, body }) => `${status} ${body.code}`));
  // On a busy machine what piles up behind a hanging signer may be too much.
  const known = ['503 hsm_unavailable', '503 overloaded'];
  expect([...others].filter((answer) => !known.includes(answer))).toStrictEqual([]);
  expect(load.refusals.every(({ headers }) => Number(headers.get('retry-after')) >= 1)).toBe(true);
  expect(service.process.exitCode).toBeNull();
  expect(service.process.pid).toBe(front);
});

function unrecorded(tokens: readonly string[]): string[] {
  const database = new DatabaseSync(join(service.hsm.folder, 'keyward.db'), { readOnly: true });
  const find = database.prepare('select 1 from issuance_records where digest = ?');
  const lost = tokens.filter((token) => !find.get(digestOf(token.slice(0, token.lastIndexOf('.')))));
  database.close();
  return lost;
}

describe('the signer under load', () => {
  it('is replaced when it is killed', async () => {
    const pid = service.signerPid();
    process.kill(pid, 'SIGKILL');
    await service.logged((line) => line.msg === 'signer ready' && line.pid !== pid);
    await load.nextToken();
  });

  it('is replaced when it hangs', async () => {
    const pid = service.signerPid();
    process.kill(pid, 'SIGSTOP');
    await service.logged(
      (line) => line.msg === 'signer ready' && Number(line.pid) !== pid && isAfter(line, pid),
    );
    await load.nextToken();
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });

  it('answers 503 while the token’s files are away, and signs again once they are back', async () => {
    const away = `${service.hsm.tokenFolder}.away`;
    renameSync(service.hsm.tokenFolder, away);
    process.kill(service.signerPid(), 'SIGKILL');
    await load.nextRefusal();
    const { status } = await service.data('GET', '/scopes/payments/jwks.json');
    expect(status).toBe(200);
    renameSync(away, service.hsm.tokenFolder);
    await load.nextToken();
  });

  it('sees by itself that the token’s files are gone, and that they are back', async () => {
    const away = `${service.hsm.tokenFolder}.away`;
    renameSync(service.hsm.tokenFolder, away);
    await load.nextRefusal();
    renameSync(away, service.hsm.tokenFolder);
    await load.nextToken();
  });
});

function isAfter(line: Record<string, unknown>, pid: number): boolean {
  return service.log.indexOf(line) > service.log.findLastIndex((other) => other.pid === pid);
}
