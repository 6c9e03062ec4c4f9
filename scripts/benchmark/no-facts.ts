import type { Facts } from '../../src/domain/facts.ts';

export class FactCount implements Facts {
  readonly dropped = 0;

  tell(): void {}

  take(): readonly never[] {
    return [];
  }
}
