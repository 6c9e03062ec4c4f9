import type { DatabaseSync } from 'node:sqlite';
import { verifyAudit } from '../../src/audit-verify/index.ts';
import { type Bench, BYSTANDER } from './bench.ts';
import { Chains } from './chains.ts';
import type { ClientTokens } from './client-tokens.ts';
import { all, reading } from './rows.ts';

/**
 * Holds the database against what the clients have in their hands, and its chains against themselves: `examine`
 * what is new since the last time, `examineAll` from the beginning. Each finding is one line.
 */
export class ConsistencyCheck {
  /** The `jti`s of tokens in hands without a record. */
  readonly lost = new Set<string>();
  readonly #bench: Bench;
  readonly #clientTokens: ClientTokens;
  readonly #chains = new Chains();
  #held = 0;
  #revoked = 0;

  constructor(bench: Bench, clientTokens: ClientTokens) {
    this.#bench = bench;
    this.#clientTokens = clientTokens;
  }

  /** Between two fronts it leaves no connection open: the next one shall recover by itself. */
  examine(): string[] {
    return reading(this.#bench.databaseFile, (db) => [...this.#chains.follow(db), ...this.#inHands(db)]);
  }

  /** What `keyward audit verify` says of the database and of the sink's file, and all tokens once more. */
  async examineAll(): Promise<string[]> {
    const { configFile, databaseFile, sinkFile } = this.#bench;
    const found: string[] = [];
    for (const file of [undefined, sinkFile]) {
      const { source, findings } = await verifyAudit({ configFile, file, saved: [] });
      for (const { part, fault, place, detail } of findings) {
        found.push(`${source}: ${part}: ${place}: ${detail} [${fault}]`);
      }
    }
    [this.#held, this.#revoked] = [0, 0];
    const integrity = reading(databaseFile, (db) => all(db, 'PRAGMA integrity_check')[0]?.integrity_check);
    if (integrity !== 'ok') found.push(`integrity_check: ${integrity}`);
    return [...found, ...this.examine()];
  }

  records(): number {
    return reading(this.#bench.databaseFile, (db) =>
      Number(all(db, 'SELECT count(*) AS n FROM issuance_records')[0]?.n),
    );
  }

  *#inHands(db: DatabaseSync): Generator<string> {
    const { held, revoked } = this.#clientTokens;
    const record = db.prepare('SELECT jti, kid FROM issuance_records WHERE iat >> 4 = ? >> 4 AND digest = ?');
    const lost = held.slice(this.#held).filter(({ digest, jti, kid, iat }) => {
      const found = record.get(iat, digest);
      return found?.jti !== jti || found.kid !== kid;
    });
    for (const { jti } of lost) this.lost.add(jti);
    if (lost.length > 0)
      yield `${lost.length} tokens in clients' hands have no record, such as ${lost[0]?.jti}`;
    const rule = db.prepare('SELECT 1 FROM revocations WHERE jti = ?');
    const gone = revoked.slice(this.#revoked).filter((jti) => !rule.get(jti));
    if (gone.length > 0) yield `${gone.length} confirmed revocations are gone, such as that of ${gone[0]}`;
    [this.#held, this.#revoked] = [held.length, revoked.length];
    yield* this.#grant(db);
  }

  *#grant(db: DatabaseSync): Generator<string> {
    const { grant } = this.#clientTokens;
    const isThere = all(db, 'SELECT 1 FROM grants WHERE client_id = ?', BYSTANDER).length > 0;
    const isToldSo = isThere === grant.confirmed || isThere === grant.asked;
    if (!isToldSo) yield `a grant whose ${isThere ? 'removal' : 'addition'} was confirmed is as before`;
    grant.confirmed = isThere;
  }
}
