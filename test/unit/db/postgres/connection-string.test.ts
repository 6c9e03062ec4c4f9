import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readConnectionString } from '../../../../src/db/postgres/connection-string.ts';
import { folderOfTest } from '../../../support/folder-of-test.ts';

const REMOTE = 'postgres://keyward:s%2Fcret@db.example:6432/tokens';

it('a connection string names everything about a server, and the environment nothing', () => {
  expect(readConnectionString(`${REMOTE}\n`)).toEqual({
    host: 'db.example',
    port: 6432,
    user: 'keyward',
    password: 's/cret',
    database: 'tokens',
    tls: {},
  });
});

it.each([
  'postgres:///tokens?host=%2Frun%2Fpostgresql&user=keyward',
  'postgresql://keyward@/tokens?host=/run/postgresql',
  'postgres://keyward@%2Frun%2Fpostgresql/tokens',
])('a Unix socket is named by its folder: %s', (text) => {
  const expected = {
    host: '/run/postgresql',
    port: 5432,
    user: 'keyward',
    database: 'tokens',
    tls: undefined,
  };
  expect(readConnectionString(text)).toMatchObject(expected);
});

it('loopback is not encrypted unless it says so', () => {
  for (const host of ['localhost', '127.0.0.1', '[::1]'])
    expect(readConnectionString(`postgres://keyward@${host}/tokens`).tls).toBeUndefined();
  expect(readConnectionString('postgres://keyward@127.0.0.1/tokens?sslmode=verify-full').tls).toEqual({});
  expect(readConnectionString('postgres://keyward@[::1]/tokens').host).toBe('::1');
});

it('another host is not encrypted only where it says so', () => {
  expect(readConnectionString(REMOTE).tls?.rejectUnauthorized).toBeUndefined();
  expect(readConnectionString(`${REMOTE}?sslmode=disable`).tls).toBeUndefined();
});

it('certificates come from the files that it names', () => {
  const file = join(folderOfTest(), 'ca.pem');
  writeFileSync(file, 'PEM');
  expect(readConnectionString(`${REMOTE}?sslrootcert=${file}`).tls).toEqual({ ca: 'PEM' });
  const { tls } = readConnectionString(`${REMOTE}?sslmode=verify-ca&sslrootcert=${file}`);
  expect(tls?.checkServerIdentity?.('other.example', {} as never)).toBeUndefined();
});

it.each([
  ['', 'is no URL of the form postgres://user:password@host:port/database'],
  ['mysql://keyward@db.example/tokens', 'is no URL of the form postgres://user:password@host:port/database'],
  ['host=db.example user=keyward', 'is no URL of the form postgres://user:password@host:port/database'],
  ['postgres://db.example/tokens', 'names no user'],
  ['postgres://keyward@db.example', 'names no database'],
  ['postgres:///tokens?user=keyward', 'names no host'],
  ['postgres://keyward@/tokens', 'names no host'],
  ['postgres:///tokens?user=keyward&host=a,b', 'names several hosts; name one'],
  ['postgres://keyward@db.example/tokens?port=70000', 'has a port that is none'],
  ['postgres://keyward:%zz@db.example/tokens', 'has a % that is not followed by two hexadecimal digits'],
  [`${REMOTE}?sslmode=require`, 'has sslmode=require; use one of verify-full, verify-ca, disable'],
  [`${REMOTE}?sslmode=verify-ca`, 'has sslmode=verify-ca without sslrootcert'],
  [`${REMOTE}?options=-c%20fsync=off`, 'has the parameter options, which is not known'],
  [
    'postgres:///tokens?user=keyward&host=/run&sslmode=verify-full',
    'has sslmode=verify-full, which a Unix socket cannot have',
  ],
])('%s is refused with its reason', (text, reason) => {
  const message = `database.url_file: the connection string ${reason}`;
  expect(() => readConnectionString(text)).toThrow(
    expect.objectContaining({ code: 'invalid_config', message }),
  );
});

it('a file that cannot be read is named by its parameter', () => {
  const reading = () => readConnectionString(`${REMOTE}?sslrootcert=/nowhere`);
  expect(reading).toThrow('database.url_file: sslrootcert cannot be read');
});
