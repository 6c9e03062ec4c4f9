import { z } from 'zod';
import { checkpointDigest } from '../../token/checkpoint.ts';
import { parseToken } from '../../token/parse-token.ts';
import { demand, refuse } from '../guard.ts';
import type { StateFile } from './state-file.ts';

/** The last of each that this signer signed, as compact JWS. */
const statement = z
  .string()
  .refine((jws) => parseToken(jws).ok, 'is no compact JWS')
  .nullable();

export const sealedSchema = z.strictObject({ checkpoint: statement, head: statement });

export type Sealed = z.infer<typeof sealedSchema>;
type Claims = Readonly<Record<string, unknown>>;

interface Statement {
  readonly jws: string;
  readonly signingInput: string;
  readonly signature: Buffer;
  readonly claims: Claims;
}

const NOTHING: Sealed = { checkpoint: null, head: null };
const NUMBERS = { checkpoint: 'number', head: 'version' } as const;

/** What the signer sealed goes upward alone, one by one: neither number nor version is ever given twice. */
export class SealedRecord {
  readonly #file: StateFile<Sealed>;

  constructor(file: StateFile<Sealed>) {
    this.#file = file;
  }

  last(): Sealed {
    return this.#file.read() ?? NOTHING;
  }

  /** The signature that this very input has got already. */
  signatureOf(kind: keyof Sealed, signingInput: string): Buffer | undefined {
    const last = this.#statement(kind);
    return last?.signingInput === signingInput ? last.signature : undefined;
  }

  requireNextCheckpoint({ number, previous }: Claims): void {
    const last = this.#statement('checkpoint');
    if (!last) return;
    demand(
      number === Number(last.claims.number) + 1,
      'its number does not follow that of the last checkpoint',
    );
    demand(
      previous === checkpointDigest(last.jws).toString('base64url'),
      'its previous is not the digest of the last checkpoint',
    );
  }

  /** Of a head, and of the rows that come with it. */
  requireNextVersion({ version }: Claims): void {
    const last = this.#statement('head');
    demand(
      !last || version === Number(last.claims.version) + 1,
      'its version does not follow that of the last head of the registry',
    );
  }

  keep(kind: keyof Sealed, jws: string): void {
    this.#file.change((now) => ({ ...NOTHING, ...now, [kind]: jws }));
  }

  /** Takes a verified statement where it is beyond what is known: after the state was lost. Answers whether it was. */
  learn(kind: keyof Sealed, jws: string): boolean {
    const member = NUMBERS[kind];
    const last = this.#statement(kind);
    if (last && Number(last.claims[member]) >= Number(read(jws).claims[member])) return false;
    this.keep(kind, jws);
    return true;
  }

  #statement(kind: keyof Sealed): Statement | undefined {
    const jws = this.last()[kind];
    return jws === null ? undefined : read(jws);
  }
}

function read(jws: string): Statement {
  const parsed = parseToken(jws);
  if (!parsed.ok) refuse(`the statement is malformed: ${parsed.problem}`);
  const { signingInput, claims, signature } = parsed.token;
  return { jws, signingInput, claims, signature };
}
