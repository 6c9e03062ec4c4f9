import type { TrxReader, TrxWriter } from '../db/schema.ts';
import type { Clock } from '../kernel/clock.ts';
import type { DetectionMemories, KeptMemory } from './detector.ts';

export function createDetectionMemories(
  reader: TrxReader,
  writer: TrxWriter,
  clock: Clock,
): DetectionMemories {
  return {
    async load(limit) {
      const rows = await reader.read((trx) =>
        trx
          .selectFrom('detection_memory')
          .select(['detection', 'name', 'memory_json'])
          .orderBy('kept_at', 'desc')
          .orderBy('detection')
          .orderBy('name')
          .limit(limit)
          .execute(),
      );
      return rows.map(({ detection, name, memory_json }) => ({
        detection,
        name,
        memory: parsed(memory_json),
      }));
    },
    async keep(changed) {
      if (changed.length === 0) return;
      const kept_at = clock.nowSeconds();
      await writer.transaction(async (trx) => {
        for (const { detection, name, memory } of changed) {
          if (memory === undefined) {
            await trx
              .deleteFrom('detection_memory')
              .where('detection', '=', detection)
              .where('name', '=', name)
              .execute();
            continue;
          }
          const row = { detection, name, memory_json: JSON.stringify(memory), kept_at };
          await trx
            .insertInto('detection_memory')
            .values(row)
            .onConflict((conflict) => conflict.columns(['detection', 'name']).doUpdateSet(row))
            .execute();
        }
      });
    },
  };
}

/** What is no JSON is as good as forgotten. */
function parsed(json: string): KeptMemory['memory'] {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
