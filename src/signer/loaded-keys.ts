import type { Guard } from './guard.ts';
import type { LiveKey } from './live-key.ts';

/** A key in service, with what decides over each input before it is signed. */
export interface ServedKey extends LiveKey {
  /** Its `CKA_LABEL`. */
  readonly label: string;
  readonly guard: Guard;
}

/** The keys in service by kid, replaced as a whole. */
export class LoadedKeys {
  #keys: ReadonlyMap<string, ServedKey> = new Map();
  #voucher: ServedKey | null = null;
  #audit: ServedKey | null = null;

  get(kid: string): ServedKey | undefined {
    return this.#keys.get(kid) ?? [this.#voucher, this.#audit].find((key) => key?.kid === kid) ?? undefined;
  }

  /** The key whose word the binding records are. */
  get bindingIssuer(): ServedKey | null {
    return this.#voucher;
  }

  get audit(): ServedKey | null {
    return this.#audit;
  }

  servesId(hsmId: string): boolean {
    return [...this.#keys.values(), this.#voucher, this.#audit].some((key) => key?.hsmId === hsmId);
  }

  setBindingIssuer(voucher: ServedKey | null): void {
    this.#voucher = voucher;
  }

  setAudit(audit: ServedKey | null): void {
    this.#audit = audit;
  }

  replace(keys: readonly ServedKey[]): void {
    this.#keys = new Map(keys.map((key) => [key.kid, key]));
  }

  remove(kid: string): void {
    this.#keys = new Map([...this.#keys].filter(([other]) => other !== kid));
  }
}
