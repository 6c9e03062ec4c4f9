/** One text of one file in the place of another. */
export interface Replacement {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** A fault of the service itself, and the fault around it that brings it to light. */
export interface SeededFault {
  readonly name: string;
  readonly replacements: readonly Replacement[];
  readonly faults: readonly string[];
  /** So many; default 1. */
  readonly fronts?: number;
  /** So often each of the faults is played; default 1. */
  readonly rounds?: number;
  /** Why no history shows it, where another line of defence stands behind the one that is removed. */
  readonly hidden?: string;
}

const PROOF: Replacement = {
  file: 'src/db/postgres/proof.ts',
  from: `  if (durability.mode === 'single') return true;`,
  to: `  if (durability.mode) return true;`,
};
const NOTICE: Replacement = {
  file: 'src/db/postgres/proof.ts',
  from: 'const doubt = doubtOf(answer) ?? (',
  to: 'const doubt = (',
};
const END_OF_FUNCTION: Replacement = {
  file: 'src/db/postgres/own-objects.ts',
  from: `  IF coalesce(last_group, 0) <> _group - 1 OR (last_group IS NOT NULL AND last_hash <> _previous) THEN RETURN 2; END IF;\n`,
  to: '',
};
const END_OF_WRITER: Replacement = {
  file: 'src/db/postgres/group-writer.ts',
  from: 'if (!last || sequence < end.sequence || !isThere || !this.#isSealed(last)) throw foreignGroup();',
  to: '',
};
const END_OF_READER: Replacement = {
  file: 'src/db/postgres/read-connection.ts',
  from: 'if (end === undefined || Number(rows[0]?.last) >= end) return;',
  to: 'if (rows.length > 0) return;',
};
const GUESS: Replacement = {
  file: 'src/db/postgres/group-writer.ts',
  from: 'const failures = await this.#appendSome(session, rows, group);',
  to: 'const failures = await this.#appendSome(session, rows, group).catch(() => []);',
};

export const SEEDED: readonly SeededFault[] = [
  { name: 'proof removed', replacements: [PROOF], faults: ['names-emptied'] },
  {
    name: 'barrier removed',
    replacements: [
      {
        file: 'src/db/questions/find-records.ts',
        from: '  await ledger.connection.confirmAbsence?.(ledger.acknowledged);\n',
        to: '',
      },
    ],
    faults: ['zombie', 'laggard'],
  },
  {
    name: 'notice ignored',
    replacements: [NOTICE],
    faults: ['wait-cancelled'],
    hidden: 'the proof behind the notice says the same',
  },
  { name: 'notice ignored, proof removed', replacements: [NOTICE, PROOF], faults: ['wait-cancelled'] },
  {
    name: 'repetition removed',
    replacements: [
      {
        file: 'src/db/signed/registry-changes.ts',
        from: '    if (!committed.replicated) this.#own.owe(change);\n',
        to: '',
      },
    ],
    faults: ['standby-frozen'],
  },
  { name: 'doubt guessed', replacements: [GUESS], faults: ['standby-frozen', 'cut'] },
  {
    name: 'timeline ignored',
    replacements: [
      {
        file: 'src/db/postgres/reached-server.ts',
        from: 'if (timeline < latest) throw',
        to: 'if (timeline < 0) throw',
      },
    ],
    faults: ['zombie-returns'],
  },
  {
    name: 'end check of kw_append removed',
    replacements: [END_OF_FUNCTION],
    faults: ['laggard', 'reset-in-commit'],
    hidden: 'the writer looks at the end of the ledger after every doubt',
  },
  {
    name: 'all end checks removed',
    replacements: [END_OF_FUNCTION, END_OF_WRITER, END_OF_READER],
    faults: ['laggard'],
  },
  { name: 'end check of look-ups removed', replacements: [END_OF_READER], faults: ['laggard'] },
  {
    name: 'fence removed',
    replacements: [
      {
        file: 'src/db/postgres/own-objects.ts',
        from: '  IF NOT EXISTS (SELECT FROM fence f WHERE f.number = _fence) THEN RETURN 3; END IF;\n',
        to: '',
      },
    ],
    faults: ['front-frozen', 'front-frozen-longer'],
    fronts: 2,
  },
  {
    name: 'front that follows nothing goes on',
    replacements: [
      {
        file: 'src/db/follower.ts',
        from: 'if (!this.isShared || this.age < FRESH_SECONDS) return;',
        to: 'if (this.#lookedAt > 0) return;',
      },
    ],
    faults: ['front-black-hole', 'front-black-hole-out'],
    fronts: 2,
  },
  {
    name: 'fence not raised',
    replacements: [{ file: 'src/db/chain-end.ts', from: '  memoryOf(trx).raisesFence = true;\n', to: '' }],
    faults: ['front-frozen', 'front-frozen-longer'],
    fronts: 2,
  },
  {
    name: 'stale fence accepted',
    replacements: [
      {
        file: 'src/db/follower.ts',
        from: 'for (const follow of this.#follows) await follow(reader);',
        to: '',
      },
    ],
    faults: ['front-killed', 'front-frozen'],
    fronts: 2,
  },
  {
    name: 'what standbys lack is followed',
    replacements: [
      {
        file: 'src/db/signed/catch-up.ts',
        from: '    if (seen.change?.sealed) await requireProven(trx);\n',
        to: '',
      },
    ],
    faults: ['names-emptied', 'wait-cancelled'],
    fronts: 2,
    rounds: 3,
  },
  {
    name: 'all fronts lead',
    replacements: [
      {
        file: 'src/db/postgres/lead.ts',
        from: 'return this.#from !== undefined && now >= this.#from && !this.#isToOffer(now);',
        to: 'return now > 0;',
      },
    ],
    faults: ['front-killed', 'front-joins'],
    fronts: 3,
  },
  {
    name: 'no look before a refusal',
    replacements: [
      {
        file: 'src/verification/verify-token.ts',
        from: 'if (verdict.valid || !PERHAPS_NEW.has(verdict.reason) || !(await news())) return result;',
        to: 'if (result) return result;',
      },
    ],
    faults: ['front-killed', 'front-frozen'],
    fronts: 2,
  },
  {
    name: 'records not judged again behind the fence',
    replacements: [
      {
        file: 'src/db/writer.ts',
        from: 'if (attempt === ATTEMPTS || !(await this.#hasCaughtUp(error))) throw error;\n        group.leaveOutFallen();',
        to: 'if (attempt === ATTEMPTS || !(await this.#hasCaughtUp(error))) throw error;',
      },
      {
        file: 'src/db/writer.ts',
        from: 'if (group.fence !== this.#fence) group.leaveOutFallen();',
        to: '',
      },
    ],
    faults: ['primary-frozen', 'front-frozen', 'standby-frozen'],
    fronts: 2,
  },
  {
    name: 'latch for each front alone',
    replacements: [
      {
        file: 'src/hsm/signers.ts',
        from: 'createSignerLink({ ...options, permits })',
        to: 'createSignerLink(options)',
      },
    ],
    faults: ['pin-wrong'],
    fronts: 3,
  },
];
