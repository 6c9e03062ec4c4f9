import { expect, it } from 'vitest';
import type { DatabaseSettings } from '../../../src/db/database-settings.ts';
import { frontGauges } from '../../../src/health/index.ts';
import { packageVersion } from '../../../src/lib/version.ts';
import { createMetrics } from '../../../src/metrics/metrics.ts';

const POSTGRES = { url_file: '/url', durability: 'replicated', copies: 2 } as const;
const SEEN = { fronts: 3, standbysInSync: 1 };

async function told(front: Parameters<typeof frontGauges>[0], database: DatabaseSettings) {
  const metrics = createMetrics();
  metrics.watch(frontGauges(front, database));
  const text = await metrics.registry.metrics();
  const lines = text.match(/^keyward_(?:build|leader|fronts|database)\S* .*$/gm);
  return lines?.map((line) => line.replace(/^keyward_/, ''));
}

const build = `build_info{version="${packageVersion()}"} 1`;

it('of several fronts each tells how many it sees, and how the standbys are', async () => {
  expect(await told({ leads: () => true, seen: SEEN }, POSTGRES)).toEqual([
    build,
    'leader 1',
    'fronts 3',
    'database_standbys_in_sync 1',
    'database_standbys_required 2',
  ]);
});

it('where one node is enough no standby is required', async () => {
  const single = { ...POSTGRES, durability: 'single' } as const;
  expect(await told({ leads: () => false, seen: SEEN }, single)).toEqual([
    build,
    'leader 0',
    'fronts 3',
    'database_standbys_in_sync 1',
  ]);
});

it('what is not known is absent, as all of it is with a file', async () => {
  const away = { leads: () => false, seen: undefined };
  expect(await told(away, POSTGRES)).toEqual([build, 'leader 0', 'database_standbys_required 2']);
  expect(await told({ ...away, leads: () => true }, { file: '/db' })).toEqual([build, 'leader 1']);
});
