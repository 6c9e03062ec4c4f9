import { createHmac, randomBytes } from 'node:crypto';
import { outdated } from '../../kernel/proposal-refusals.ts';

/** Proposals at a time are fewer. */
const MOST = 2_000;

/** Subjects that are to be erased, in memory alone: outside, a reference that means nothing to another process. */
export class HiddenSubjects {
  readonly #key = randomBytes(32);
  readonly #subjects = new Map<string, string>();

  /** The same reference for the same subject. */
  hide(subject: string): string {
    const reference = createHmac('sha256', this.#key).update(subject).digest('base64url');
    this.#subjects.delete(reference);
    this.#subjects.set(reference, subject);
    const [oldest] = this.#subjects.keys();
    if (this.#subjects.size > MOST && oldest !== undefined) this.#subjects.delete(oldest);
    return reference;
  }

  /** `proposal_outdated` for one that is forgotten. */
  reveal(reference: string): string {
    const subject = this.#subjects.get(reference);
    if (subject === undefined) throw outdated();
    return subject;
  }

  forget(reference: string): void {
    this.#subjects.delete(reference);
  }
}
