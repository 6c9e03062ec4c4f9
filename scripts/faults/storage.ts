import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { serveOn } from '../../test/support/running-service.ts';
import { takeAllSpace } from '../../test/support/small-disk.ts';
import type { Fault } from './fault.ts';
import type { Stage } from './stage.ts';

const disk = (folder: string) => join(folder, 'disk');
const ballast = ({ folder }: Stage) => join(disk(folder), 'ballast');
const databaseOf = ({ service }: Stage) => join(service.hsm.folder, 'keyward.db');

/** Time enough for what looks every few seconds. */
const NOTICED_SECONDS = 20;

function smallDisk(folder: string): void {
  mkdirSync(disk(folder));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128m', 'tmpfs', disk(folder)]);
}

function removeDisk(folder: string): void {
  execFileSync('umount', ['--lazy', disk(folder)]);
}

function cannotMount(): string | undefined {
  return spawnSync('unshare', ['--mount', 'true']).status === 0 ? undefined : 'needs the right to mount';
}

/** What the runbook says of a database whose files are gone: they live as long as the process has them open. */
async function putTogether(stage: Stage): Promise<void> {
  const { service } = stage;
  const fds = `/proc/${service.process.pid}/fd`;
  const files = ['', '-wal', '-shm'].map((suffix) => `${databaseOf(stage)}${suffix}`);
  const open = readdirSync(fds).map((fd) => [join(fds, fd), readlinkSync(join(fds, fd))] as const);
  for (const [index, file] of files.entries()) {
    const found = [`${file} (deleted)`, file].flatMap((path) => open.filter((each) => each[1] === path))[0];
    if (found) copyFileSync(found[0], join(stage.folder, String(index)));
  }
  await service.stop();
  for (const [index, file] of files.entries()) {
    const copy = join(stage.folder, String(index));
    if (existsSync(copy)) copyFileSync(copy, file);
  }
  stage.replace(await serveOn(service));
}

export const storageFaults: readonly Fault[] = [
  {
    name: 'the disk of the database is full',
    missing: cannotMount,
    clear: removeDisk,
    options(folder) {
      smallDisk(folder);
      return { config: { database: { file: join(disk(folder), 'keyward.db') } } };
    },
    inject: (stage) => takeAllSpace(ballast(stage)),
    mend: (stage) => rmSync(ballast(stage)),
    seconds: NOTICED_SECONDS,
    events: ['ledger.disk', 'database.failing'],
  },
  {
    name: 'the disk of the audit sink is full',
    missing: cannotMount,
    clear: removeDisk,
    options(folder) {
      smallDisk(folder);
      return {
        config: { audit: { sinks: [{ type: 'file', file: join(disk(folder), 'audit.jsonl') }] } },
      };
    },
    async inject(stage) {
      takeAllSpace(ballast(stage));
      // Each look is an entry, and together they are more than fits the last page of the file.
      for (let entries = 0; entries < 40; entries++)
        await stage.service.operations('GET', '/v1/admin/canaries');
    },
    mend: (stage) => rmSync(ballast(stage)),
    seconds: 150,
    events: ['audit.sink_failing'],
  },
  {
    name: 'the file of the audit sink is deleted',
    inject: ({ service }) => rmSync(join(service.hsm.folder, 'audit.jsonl')),
    seconds: NOTICED_SECONDS,
    events: ['audit.sink_changed'],
  },
  {
    name: 'the file of the audit sink is cut off',
    inject: ({ service }) => truncateSync(join(service.hsm.folder, 'audit.jsonl'), 100),
    seconds: NOTICED_SECONDS,
    events: ['audit.sink_changed'],
  },
  {
    name: 'the file of the audit sink is overwritten',
    inject: ({ service }) =>
      writeFileSync(join(service.hsm.folder, 'audit.jsonl'), 'x'.repeat(100), { flag: 'r+' }),
    seconds: NOTICED_SECONDS,
    events: ['audit.sink_changed'],
  },
  {
    name: 'the write-ahead log is unlinked',
    inject: (stage) => rmSync(`${databaseOf(stage)}-wal`),
    mend: putTogether,
    seconds: NOTICED_SECONDS,
    events: ['database.failing'],
    runbook: 'service.md',
  },
  {
    name: 'pages of the database are overwritten',
    inject(stage) {
      const file = openSync(databaseOf(stage), 'r+');
      const { size } = fstatSync(file);
      // The first page stays: it is what every connection looks at.
      writeSync(file, Buffer.alloc(Math.max(size - 4_096, 0), 0xa5), 0, undefined, 4_096);
      closeSync(file);
    },
    seconds: NOTICED_SECONDS,
    events: ['database.failing'],
    runbook: 'service.md',
  },
];
