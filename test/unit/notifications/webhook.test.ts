import { appendFileSync, chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import type { Tracer } from '../../../src/kernel/trace.ts';
import { certificatesOfFile } from '../../support/certificates-of-file.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { ADA, notifying, webhookSecret } from '../../support/notifying.ts';
import { RECORDED_PARENT, recordingTracer } from '../../support/recording-tracer.ts';
import { receiveWebhooks } from '../../support/webhook-receiver.ts';

const certificates = certificatesOfFile();

async function testing(target: object, tracer?: Tracer) {
  const { desk: service } = await notifying({
    tracer,
    section: { targets: { hook: { type: 'webhook', ...target } } },
  });
  return async () => (await service.test('hook', ADA))[0];
}

describe('a webhook', () => {
  it('over TLS is sent to a receiver that the given authority vouches for, and to no other', async () => {
    const ca_file = join(certificates, 'server.pem');
    const tls = { cert: readFileSync(ca_file), key: readFileSync(join(certificates, 'server.key')) };
    const { url, received } = await receiveWebhooks(tls);
    const { file: secret_file } = webhookSecret(folderOfTest());
    const target = { url, secret_file, allow_private: true };
    expect(await (await testing({ ...target, tls: { ca_file } }))()).toMatchObject({ ok: true });
    expect(await (await testing(target))()).toMatchObject({
      ok: false,
      error: expect.stringContaining('self-signed certificate'),
    });
    expect(received).toHaveLength(1);
  });

  it('is signed with every secret of the file, as it is at that moment', async () => {
    const { url, received } = await receiveWebhooks();
    const folder = folderOfTest();
    const [older, newer] = [webhookSecret(folder, 'older'), webhookSecret(folder, 'newer')];
    const test = await testing({ url, secret_file: older.file, allow_private: true });
    await test();
    appendFileSync(older.file, readFileSync(newer.file));
    await test();
    const accepts = (key: Buffer, at: number) => {
      const { body = '', headers = {} } = received[at] ?? {};
      try {
        new Webhook(key.toString('base64')).verify(body, headers as Record<string, string>);
        return true;
      } catch {
        return false;
      }
    };
    expect([accepts(older.key, 0), accepts(newer.key, 0)]).toEqual([true, false]);
    expect([accepts(older.key, 1), accepts(newer.key, 1)]).toEqual([true, true]);
  });

  it('carries the trace that it is in, and tells it how it went', async () => {
    const { url, received, next } = await receiveWebhooks();
    const { tracer, ended } = recordingTracer();
    const { file: secret_file } = webhookSecret(folderOfTest());
    const test = await testing({ url, secret_file, allow_private: true }, tracer);
    next(204, 500);
    await test();
    await test();
    const parents = received.map(({ headers }) => headers.traceparent);
    expect(parents).toEqual([RECORDED_PARENT, RECORDED_PARENT]);
    expect(ended.map(({ name, error }) => [name, error])).toEqual([
      ['webhook', undefined],
      ['webhook', new Error('answered 500')],
    ]);
  });

  it('is not sent where the secret is not as it should be, and nothing of it is told', async () => {
    const { url, received } = await receiveWebhooks();
    const { file: secret_file } = webhookSecret(folderOfTest());
    const test = await testing({ url, secret_file, allow_private: true });
    const error = async (text: string) => {
      writeFileSync(secret_file, text);
      return (await test())?.error;
    };
    const form = `${secret_file} must hold 1 to 4 lines such as whsec_ and the base64 of 24 to 64 bytes`;
    expect(await error('hunter2')).toBe(form);
    expect(await error(`whsec_${'A'.repeat(31)}`)).toBe(form);
    expect(await error(`whsec_${'A'.repeat(88)}`)).toBe(form);
    expect(await error(`whsec_${'A'.repeat(32)}\n`.repeat(5))).toBe(form);
    expect(await error('')).toBe(`${secret_file} is empty`);
    expect(await error('x'.repeat(5_000))).toBe(`${secret_file} holds more than 4096 bytes`);
    expect(received).toEqual([]);
    expect(await error(`whsec_${'A'.repeat(32)}\n`)).toBeNull();
    chmodSync(secret_file, 0o604);
    expect((await test())?.error).toBe(`${secret_file} is open to group or others: chmod 600 it`);
    expect(received).toHaveLength(1);
  });

  it('says why nobody was reached', async () => {
    const { url, port } = await receiveWebhooks();
    const { file: secret_file } = webhookSecret(folderOfTest());
    const free = url.replace(`:${port}`, ':1');
    const test = await testing({ url: free, secret_file, allow_private: true });
    expect(await test()).toMatchObject({ ok: false, error: 'connect ECONNREFUSED 127.0.0.1:1' });
  });
});
