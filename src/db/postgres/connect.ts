import pg from 'pg';
import type { ServerAddress } from './connection-string.ts';
import { connectionLost, postgresFailure } from './failure.ts';
import { type Opened, PostgresSession } from './session.ts';
import {
  SESSION_SETTINGS,
  settingRefused,
  settingStatement,
  settingsShown,
  TCP_SETTINGS,
} from './session-settings.ts';
import { VALUE_TYPES } from './value-types.ts';

export interface SessionLimits {
  readonly connectMs: number;
  /** A server that answers nothing for so long is given up with the connection. */
  readonly answerMs: number;
}

export const SESSION_LIMITS: SessionLimits = { connectMs: 5_000, answerMs: 10_000 };

/** `unreachable` where no connection could be made, whatever the reason; `foreign_schema`, … as the server has it. */
export async function connect(
  address: ServerAddress,
  limits: SessionLimits = SESSION_LIMITS,
): Promise<PostgresSession> {
  const client = new pg.Client({
    ...address,
    // With undefined, `pg` asks its environment and its password file.
    password: () => address.password ?? '',
    ssl: address.tls ?? false,
    application_name: SESSION_SETTINGS.application_name,
    client_encoding: 'utf8',
    enableChannelBinding: true,
    types: VALUE_TYPES,
    pipeline: true,
    keepAlive: true,
    keepAliveInitialDelayMillis: 5_000,
    connectionTimeoutMillis: limits.connectMs,
  });
  // The promises below say it as well; without a listener it would end the thread.
  client.on('error', () => {});
  try {
    await client.connect();
    return new PostgresSession(client, await prepare(client, address), limits.answerMs);
  } catch (error) {
    client.end().catch(() => {});
    const failure = postgresFailure(error);
    throw failure.condition === undefined ? connectionLost(failure.message) : failure;
  }
}

/** Sets, and reads back in a statement of its own: behind a pooler another session may answer. */
async function prepare(client: pg.Client, { host }: ServerAddress): Promise<Opened> {
  const settings = { ...SESSION_SETTINGS, ...(host.startsWith('/') ? {} : TCP_SETTINGS) };
  const [, { rows }, shown] = await Promise.all([
    client.query(settingStatement(settings, 'session')),
    client.query('select pg_backend_pid() as backend'),
    client.query(settingsShown(SESSION_SETTINGS)),
  ]);
  const backend: number = rows[0]?.backend;
  // A pooler makes up the number that it tells at the start.
  const isPooled = backend !== (client as pg.Client & { readonly processID: number }).processID;
  const refused = settingRefused(SESSION_SETTINGS, shown.rows[0]);
  if (refused !== undefined && !isPooled)
    throw connectionLost(`a setting of the session was refused: ${refused}`);
  return { backend, isPooled, settings };
}
