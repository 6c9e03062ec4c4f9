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
  from: 'if (end && !isOwnEnd(last, end, this.#run)) throw foreignGroup();',
  to: '',
};
const END_OF_READER: Replacement = {
  file: 'src/db/postgres/read-connection.ts',
  from: 'if (end !== undefined && Number(rows[0]?.last) < end)',
  to: 'if (Number(rows[0]?.last) < 0)',
};
const GUESS: Replacement = {
  file: 'src/db/postgres/group-writer.ts',
  from: '    const { sequence, previousHash } = this.#next;\n',
  to: '    if (!this.#next) return { failures, end: end ?? { sequence: 0, hash: CHAIN_START } };\n    const { sequence, previousHash } = this.#next;\n',
};
const GUESS_ALL: Replacement = {
  file: 'src/db/postgres/group-writer.ts',
  from: 'const failures = await this.#appendSome(session, rows, { end, committedAt: batch.committedAt });',
  to: 'const failures = await this.#appendSome(session, rows, { end, committedAt: batch.committedAt }).catch(() => []);',
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
        from: '    if (!committed.replicated) this.#owe(change);\n',
        to: '',
      },
    ],
    faults: ['standby-frozen'],
  },
  { name: 'doubt guessed', replacements: [GUESS, GUESS_ALL], faults: ['standby-frozen', 'cut'] },
  {
    name: 'timeline ignored',
    replacements: [
      {
        file: 'src/db/postgres/position.ts',
        from: 'if (known.timeline !== undefined && found.timeline < known.timeline)',
        to: 'if (known.timeline !== undefined && found.timeline < 0)',
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
];
