import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { FIRST_TOKEN } from '../../../src/kernel/key.ts';
import { freePorts } from '../../../test/support/free-port.ts';
import { type RunningService, startService } from '../../../test/support/running-service.ts';
import { createSoftHsm, type SoftHsm } from '../../../test/support/softhsm.ts';
import { type Party, partyOf } from '../parties.ts';
import { cpuSeconds } from '../process-usage.ts';
import type { SyncedPostgres } from '../synced-postgres.ts';
import { residentMiB } from '../threads.ts';

/** By name the figures of one size. */
export type Row = Readonly<Record<string, number>>;

/** The best is taken: others may use the machine. */
const ROUNDS = 3;
const MAIN = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));

/** A service that grows, with one scope to load. */
export interface Large {
  /** Of the present process: a restart makes another. */
  readonly service: RunningService;
  party(): Party;
  /** Of its HSM tokens, the first being that of the service. */
  readonly tokens: readonly string[];
  /** Of the front, and of the signer of each token. */
  processes(): { readonly front: number; readonly signers: readonly number[] };
  /** Of front and signers, resident. */
  memory(): Row;
  /** Starts it anew: how long that takes, and what it holds then. */
  restart(): Promise<Row>;
  /** Seconds that each command takes, and each verb of the API. */
  times(
    commands: readonly string[],
    further?: Readonly<Record<string, () => Promise<unknown>>>,
  ): Promise<Row>;
  remove(): Promise<void>;
}

interface Ground {
  readonly postgres: SyncedPostgres | undefined;
  /** How many HSM tokens it has. */
  readonly tokens: number;
}

export async function startOne(name: string, { postgres, tokens }: Ground): Promise<Large> {
  const further: Record<string, SoftHsm> = {};
  for (let n = 2; n <= tokens; n++) further[`token-${n}`] = await createSoftHsm(`token-${n}`);
  const [dataPort = 0, operationsPort = 0] = await freePorts(2);
  const connections_per_address = 65_536;
  let service = await startService({
    furtherTokens: further,
    config: {
      data_plane: { port: dataPort, public_url: `http://127.0.0.1:${dataPort}`, connections_per_address },
      operations_plane: { port: operationsPort },
      limits: { client_requests_per_second: 1_000_000, event_streams: 10_000, event_streams_per_client: 512 },
      ...(await postgres?.configOf(name)),
    },
  });
  const credentials = await service.provision({ id: 'payments' });
  const names = [FIRST_TOKEN, ...Object.keys(further)];
  const processes = () => ({
    front: service.process.pid ?? 0,
    signers: names.map((token) => service.signerPid(token)),
  });
  const memory = () => {
    const { front, signers } = processes();
    const ofSigners = signers.reduce((sum, pid) => sum + residentMiB(pid), 0);
    return { 'front MiB': Math.round(residentMiB(front)), 'signers MiB': Math.round(ofSigners) };
  };
  return {
    tokens: names,
    processes,
    memory,
    get service() {
      return service;
    },
    // A page of metrics before and after each load would weigh on whoever has much to tell.
    party: () => ({ ...partyOf(name, service, 'payments', credentials), loopDelayMs: undefined }),
    async restart() {
      await service.stop();
      const began = performance.now();
      service = await service.restart();
      return {
        'start s': secondsSince(began),
        'start CPU s': round(cpuSeconds(processes().front)),
        ...memory(),
      };
    },
    async times(commands, further = {}) {
      const all = [
        ...commands.map((command) => [command, () => keyward(service, command.split(' '))] as const),
        ...Object.entries(further),
      ];
      const times: Record<string, number> = {};
      for (const [what, work] of all) {
        const rounds: number[] = [];
        for (let count = 0; count < ROUNDS; count++) {
          const asked = performance.now();
          await work();
          rounds.push(secondsSince(asked));
        }
        times[`${what} s`] = Math.min(...rounds);
      }
      return times;
    },
    async remove() {
      await service.remove();
      for (const token of Object.values(further)) token.remove();
    },
  };
}

async function keyward({ hsm, configFile }: RunningService, argv: readonly string[]): Promise<void> {
  const credential = ['--credential-file', join(hsm.folder, 'operator')];
  const command = [MAIN, ...argv, '--config', configFile, ...credential];
  await promisify(execFile)(process.execPath, command, { maxBuffer: 1 << 30 });
}

export function secondsSince(began: number): number {
  return round((performance.now() - began) / 1_000);
}

export function round(value: number): number {
  return Math.round(value * 100) / 100;
}
