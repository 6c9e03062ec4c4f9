import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePorts } from '../../test/support/free-port.ts';
import { type RunningService, startService } from '../../test/support/running-service.ts';
import type { Fault } from './fault.ts';
import { Probes } from './probes.ts';

const CALLERS = 4;
const EVENTS_FILE = 'events.jsonl';

/** A service of its own at work: tokens are issued, one is verified, and readiness is asked for. */
export interface Stage {
  readonly service: RunningService;
  /** For what the fault needs beside the service's own folder. */
  readonly folder: string;
  readonly probes: Probes;
  /** The process that serves is another from now on, on the same ground and ports. */
  replace(service: RunningService): void;
  /** Types of the security events so far, wherever they were told. */
  eventTypes(): Promise<ReadonlySet<string>>;
  /** Those that the notification target was told of. */
  targetTypes(): ReadonlySet<string>;
  close(): Promise<void>;
}

export async function openStage({
  options: optionsIn,
  scope,
  clear,
}: Pick<Fault, 'options' | 'scope' | 'clear'>): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'keyward-faults-'));
  const options = (await optionsIn?.(folder)) ?? {};
  const ports = await freePorts(2);
  let service = await startService({
    ...options,
    config: {
      data_plane: { port: ports[0] },
      operations_plane: { port: ports[1] },
      notifications: { targets: { file: { type: 'file', file: EVENTS_FILE } } },
      ...options.config,
    },
  });
  const { sign, verify } = await service.provision({ id: 'payments', ...scope });
  const probes = new Probes(service.dataUrl, { sign, verify });
  await probes.start(CALLERS);
  return {
    get service() {
      return service;
    },
    folder,
    probes,
    replace(next) {
      service = next;
    },
    eventTypes: async () => new Set([...(await listed(service)), ...toldIn(service)]),
    targetTypes: () => new Set(targetLines(service)),
    async close() {
      await probes.stop();
      await service.remove();
      clear?.(folder);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function listed(service: RunningService): Promise<string[]> {
  const answer = await service.operations('GET', '/v1/admin/events?limit=1000').catch(() => undefined);
  return answer?.status === 200 ? (answer.body.events as { type: string }[]).map(({ type }) => type) : [];
}

/** The way around the store: what was told to the log and to the target. */
function toldIn(service: RunningService): string[] {
  const logged = service.log.map(({ event }) => event);
  return [...logged.filter((type) => typeof type === 'string'), ...targetLines(service)];
}

function targetLines({ hsm }: RunningService): string[] {
  let text = '';
  try {
    text = readFileSync(join(hsm.folder, EVENTS_FILE), 'utf8');
  } catch {
    // Nothing was told.
  }
  return text
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => JSON.parse(line).data.event?.type ?? []);
}

export async function waitUntil(holds: () => boolean | Promise<boolean>, ms: number): Promise<boolean> {
  const end = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > end) return false;
    await pause(100);
  }
  return true;
}
