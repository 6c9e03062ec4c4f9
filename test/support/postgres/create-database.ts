import { randomBytes } from 'node:crypto';
import { sharedServer } from './shared-server.ts';

/** As an administrator makes one for Keyward; whoever asks drops it. */
export async function createDatabase(template = 'template0') {
  const server = await sharedServer();
  const name = `test_${randomBytes(8).toString('hex')}`;
  await server.query(`create database ${name} owner keyward template ${template}`);
  if (template === 'template0') await server.query('create schema keyward authorization keyward', name);
  return {
    url: server.url(name),
    drop: async () => void (await server.query(`drop database ${name} with (force)`)),
  };
}

/** Copies a database that nobody is connected to; what it answers puts that copy back. */
export async function copyOfDatabase(url: string): Promise<() => Promise<void>> {
  const server = await sharedServer();
  const name = new URL(url).pathname.slice(1);
  const copy = (from: string, to: string) =>
    server.query(`create database ${to} owner keyward template ${from}`);
  const older = `${name}_older`;
  await copy(name, older);
  return async () => {
    await server.query(`drop database ${name}`);
    await copy(older, name);
  };
}
