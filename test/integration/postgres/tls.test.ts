import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../../src/db/postgres/connect.ts';
import { readConnectionString } from '../../../src/db/postgres/connection-string.ts';
import { makeCertificates } from '../../support/certificates.ts';
import { freePorts } from '../../support/free-port.ts';
import { sessionOfTest } from '../../support/postgres/database-of-test.ts';
import { NO_POSTGRES, POSTGRES } from '../../support/postgres/programs.ts';
import { type PostgresServer, startPrimary } from '../../support/postgres/server.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

describe.skipIf(NO_POSTGRES)(`${POSTGRES} over TLS`, () => {
  const folder = temporaryFolder();
  const authority = `sslrootcert=${join(folder.path, 'server.pem')}`;
  let server: PostgresServer;
  let port: number | undefined;

  beforeAll(async () => {
    makeCertificates(folder.path);
    [port = 0] = await freePorts(1);
    const tls = { certificate: join(folder.path, 'server.pem'), key: join(folder.path, 'server.key') };
    server = await startPrimary({ port, tls });
    await server.query(`alter role keyward password 's/cret'`);
  });
  afterAll(async () => {
    await server.remove();
    folder.remove();
  });

  const url = (host: string, parameters: string) =>
    `postgres://keyward:s%2Fcret@${host}:${port}/postgres?${parameters}`;
  const connecting = (text: string) => connect(readConnectionString(text));

  it('is used where the certificate is the one of the host that was named', async () => {
    const session = await sessionOfTest(url('127.0.0.1', `sslmode=verify-full&${authority}`));
    const { rows } = await session.query('select ssl, version from pg_stat_ssl where pid = pg_backend_pid()');
    expect(rows).toEqual([{ ssl: 1, version: 'TLSv1.3' }]);
    const { rows: shown } = await session.query(`select current_setting('tcp_user_timeout') as is`);
    expect(shown).toEqual([{ is: '10000' }]);
  });

  it('is refused for another name, unless that is left out', async () => {
    await expect(connecting(url('localhost', `sslmode=verify-full&${authority}`))).rejects.toMatchObject({
      condition: 'unreachable',
      message: expect.stringContaining('altnames'),
    });
    const session = await sessionOfTest(url('localhost', `sslmode=verify-ca&${authority}`));
    expect((await session.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });

  it('is refused with the certificate of somebody else', async () => {
    const foreign = `sslrootcert=${join(folder.path, 'ca.pem')}`;
    for (const parameters of ['sslmode=verify-full', `sslmode=verify-full&${foreign}`])
      await expect(connecting(url('127.0.0.1', parameters))).rejects.toMatchObject({
        condition: 'unreachable',
        message: expect.stringContaining('self-signed certificate'),
      });
  });

  it('is what this server wants, and the right password', async () => {
    await expect(connecting(url('127.0.0.1', 'sslmode=disable'))).rejects.toMatchObject({ code: '28000' });
    const wrong = url('127.0.0.1', `sslmode=verify-full&${authority}`).replace('s%2Fcret', 'wrong');
    await expect(connecting(wrong)).rejects.toMatchObject({ code: '28P01', condition: 'unreachable' });
    await expect(connecting(wrong.replace(':wrong', ''))).rejects.toMatchObject({ condition: 'unreachable' });
  });
});
