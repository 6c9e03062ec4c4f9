import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ServiceOptions, serveOn } from '../../test/support/running-service.ts';
import type { Fault } from './fault.ts';

const CLOCK = new URL('./moving-clock.ts', import.meta.url).href;
const shift = (folder: string) => join(folder, 'shift');
const limit = (pid: number | undefined, soft: string) =>
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${soft}:`]);
/** Of a process that has its database, sinks and listeners open: nothing more. */
const HARDLY_ANY = '8';

function withMovingClock(folder: string): ServiceOptions {
  writeFileSync(shift(folder), '0');
  return { launch: { flags: [`--import=${CLOCK}?file=${shift(folder)}`] } };
}

export const processFaults: readonly Fault[] = [
  {
    name: 'the service is killed and started again',
    inject: ({ service }) => service.kill(),
    mend: async (stage) => stage.replace(await serveOn(stage.service)),
    seconds: 1,
    events: [],
  },
  {
    name: 'nobody reads the log',
    options: () => ({ config: { log: { level: 'debug' } } }),
    inject: ({ service }) => void service.process.stdout?.pause(),
    mend: ({ service }) => void service.process.stdout?.resume(),
    // Past 4 MiB that wait for a reader.
    seconds: 90,
    events: ['log.failing'],
  },
  {
    name: 'there are no file descriptors left',
    inject: ({ service }) => void limit(service.process.pid, HARDLY_ANY),
    mend: ({ service }) => void limit(service.process.pid, '4096'),
    seconds: 15,
    events: ['service.file_descriptors'],
  },
  ...[
    ['ahead', 7_200],
    ['back', -7_200],
  ].map(
    ([where, seconds]): Fault => ({
      name: `the clock jumps two hours ${where}, and is set right`,
      options: withMovingClock,
      inject: ({ folder }) => writeFileSync(shift(folder), String(seconds)),
      mend: ({ folder }) => writeFileSync(shift(folder), '0'),
      events: ['clock.jump'],
    }),
  ),
  ...[
    ['ahead', 30],
    ['back', -30],
  ].map(
    ([where, seconds]): Fault => ({
      name: `the clock steps half a minute ${where}, and stays there`,
      options: withMovingClock,
      inject: ({ folder }) => writeFileSync(shift(folder), String(seconds)),
      events: ['clock.jump'],
    }),
  ),
];
