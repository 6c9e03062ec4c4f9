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
