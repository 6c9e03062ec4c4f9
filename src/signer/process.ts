// Usage: process.ts SETTINGS TOKEN VARIABLES [--new-keys]
// The signer: the one process that loads the PKCS#11 module and reads the PIN (I8). It knows no network and no
// database; the front talks to it in the messages of protocol.ts, and it ends when the front goes. Which token it
// opens, and how, stands in the file and the
// variables that it was started with: no message names a path.
import { flushCompileCache } from 'node:module';
import { Epoch } from './epoch.ts';
import { forbidCoreDumps } from './hygiene.ts';
import { answer, createOperations } from './operations.ts';
import type { Log, LogLine, Reply, Request } from './protocol.ts';
import { readSettings, withoutOwnKeys } from './settings.ts';

const coreDumps = forbidCoreDumps();
// It may be killed, and what it compiled is for those that replace it.
flushCompileCache();

const log: Log = (level, message, details) => send({ log: level, message, details });
const epoch = new Epoch(log);
const [, , settingsFile = '', hsmToken = '', variables = '', newKeys] = process.argv;
const operations = createOperations(epoch, log, () => {
  const settings = readSettings(settingsFile, hsmToken, JSON.parse(variables || '{}'));
  return newKeys === '--new-keys' ? withoutOwnKeys(settings) : settings;
});
let underWay = 0;

if (!coreDumps.ok) log('error', 'core dumps could not be ruled out', { problems: coreDumps.problems });

process.on('message', (request: Request) => {
  underWay += 1;
  void answer(operations, epoch, request).then((reply) => {
    underWay -= 1;
    send(reply);
  });
});

process.on('disconnect', leave);

// A terminal or a service manager signals the whole group: the front drains first, then lets go of this process.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

function send(message: Reply | LogLine): void {
  if (!process.connected) return;
  process.send?.(message, (error: Error | null) => error && leave());
}

/** While another thread is inside the module, an orderly exit could hang in the module's own. */
function leave(): void {
  if (underWay === 0) process.exit(0);
  process.kill(process.pid, 'SIGKILL');
}
