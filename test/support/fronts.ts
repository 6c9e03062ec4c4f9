import { createAccessStore } from '../../src/access/store/access.ts';
import { createRegistry } from '../../src/db/registry.ts';
import type { Trx, UrgentWriter } from '../../src/db/schema.ts';
import type { OwedState } from '../../src/db/signed/own-changes.ts';
import { RegistryChanges } from '../../src/db/signed/registry-changes.ts';
import { openRegistry } from '../../src/db/signed/registry-walk.ts';
import { contentOf, rowKey } from '../../src/db/signed/tables.ts';
import type { AuditEvent } from '../../src/kernel/audit.ts';
import { KeywardError } from '../../src/kernel/errors.ts';
import type { RegistrySeal } from '../../src/kernel/registry.ts';
import { NOON, type TestStores } from './open-test-store.ts';
import { SOFTWARE_SEAL } from './software-seal.ts';

const AWAY = new KeywardError('hsm_unavailable', 'The HSM is away.');

/** The registry key in an HSM that may be away, or slow. */
export class TestHsm implements RegistrySeal {
  readonly readRow = SOFTWARE_SEAL.readRow;
  readonly readHead = SOFTWARE_SEAL.readHead;
  readonly lastVersion = SOFTWARE_SEAL.lastVersion;
  isAway = false;
  /** What each signature of a head waits for. */
  held: Promise<void> = Promise.resolve();
  /** Heads that it was to sign. */
  heads = 0;

  async signRow(statement: Parameters<RegistrySeal['signRow']>[0]): Promise<string> {
    if (this.isAway) throw AWAY;
    return SOFTWARE_SEAL.signRow(statement);
  }

  async signHead(statement: Parameters<RegistrySeal['signHead']>[0]): Promise<string> {
    this.heads += 1;
    await this.held;
    if (this.isAway) throw AWAY;
    return SOFTWARE_SEAL.signHead(statement);
  }
}

/** What a front is told of its commits: late, not at all, or that standbys lack them. */
export class TestWriter implements UrgentWriter {
  readonly #writer: UrgentWriter;
  isLost = false;
  isReplicated = true;
  /** What each answer waits for once it is committed. */
  held: Promise<void> = Promise.resolve();
  committed = 0;
  /** What each transaction is lent. */
  wrap = (trx: Trx): Trx => trx;

  constructor(writer: UrgentWriter) {
    this.#writer = writer;
  }

  readonly transaction: UrgentWriter['transaction'] = async (work) => {
    const result = await this.#writer.transaction((trx) => work(this.wrap(trx)));
    await this.#answer();
    return result;
  };

  readonly urgently: UrgentWriter['urgently'] = async (work) => {
    const result = await this.#writer.transaction(work);
    await this.#answer();
    return { result, replicated: this.isReplicated };
  };

  async #answer(): Promise<void> {
    this.committed += 1;
    await this.held;
    if (this.isLost) throw new KeywardError('store_unavailable', 'The answer was lost.');
  }
}

/** The registry as one more front on that database has it. */
export async function openFront(store: TestStores) {
  const [hsm, writer] = [new TestHsm(), new TestWriter(store.writer)];
  const told: string[] = [];
  const tell = (what: OwedState, { subject }: AuditEvent) => told.push(`${what} ${subject}`);
  const changes = new RegistryChanges(writer, NOON, { confirm: async () => {} }, tell);
  const { refused } = await openRegistry(store.reader, changes, { seal: hsm });
  return {
    hsm,
    writer,
    told,
    changes,
    refused,
    registry: createRegistry(store.reader, changes),
    access: createAccessStore(changes),
    /** False where memory moved meanwhile. */
    async follow(): Promise<boolean> {
      const catchUp = changes.beginCatchUp();
      return catchUp.apply(await store.reader.read((trx) => catchUp.read(trx)));
    },
    /** All of it, as text that can be compared. */
    memory() {
      const { head, pending, digests, rows } = contentsOf(changes);
      return { head, pending, digests, rows };
    },
  };
}

export type Front = Awaited<ReturnType<typeof openFront>>;

function contentsOf(changes: RegistryChanges) {
  const registry = changes.opened();
  const rows = registry.all().map(({ row, ...signed }) => ({ ...signed, row: row && contentOf(row) }));
  const nameOf = ({ table, id }: { table: string; id: string }) => rowKey(table, id);
  return {
    head: registry.head,
    pending: registry.pending().map(nameOf).sort(),
    digests: registry.digests(),
    rows: Object.fromEntries(rows.map((row) => [nameOf(row), row] as const)),
  };
}
