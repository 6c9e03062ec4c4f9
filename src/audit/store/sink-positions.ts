import type { Trx } from '../../db/schema.ts';
import type { DeliveryPosition, RememberedPosition } from '../../kernel/audit.ts';

/** Of one sink's name; those of hosts that have been gone for longest go. */
const MOST_HOSTS = 64;

export async function putPositions(
  trx: Trx,
  host: string,
  positions: ReadonlyMap<string, DeliveryPosition>,
): Promise<void> {
  for (const [sink, { sequence: audit_sequence, checkpointNumber: checkpoint_number }] of positions) {
    const set = { audit_sequence, checkpoint_number };
    await trx
      .insertInto('audit_deliveries')
      .values({ sink, host, ...set })
      .onConflict((conflict) => conflict.columns(['sink', 'host']).doUpdateSet(set))
      .execute();
    await forgetOldest(trx, sink);
  }
}

async function forgetOldest(trx: Trx, sink: string): Promise<void> {
  await trx
    .deleteFrom('audit_deliveries')
    .where('sink', '=', sink)
    .where('host', 'not in', (of) =>
      of
        .selectFrom('audit_deliveries')
        .select('host')
        .where('sink', '=', sink)
        .orderBy('checkpoint_number', 'desc')
        .orderBy('audit_sequence', 'desc')
        .orderBy('host')
        .limit(MOST_HOSTS),
    )
    .execute();
}

export async function readPositions(
  trx: Trx,
  host: string,
): Promise<ReadonlyMap<string, RememberedPosition>> {
  const rows = await trx
    .selectFrom('audit_deliveries')
    .selectAll()
    .orderBy('audit_sequence')
    .orderBy('checkpoint_number')
    .execute();
  const positions = new Map<string, RememberedPosition>();
  for (const { sink, host: whose, audit_sequence: sequence, checkpoint_number: checkpointNumber } of rows) {
    const position = { sequence, checkpointNumber };
    const own = whose === host ? position : positions.get(sink)?.own;
    positions.set(sink, { own, furthest: position });
  }
  return positions;
}
