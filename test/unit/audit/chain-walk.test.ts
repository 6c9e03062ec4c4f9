import { beforeEach, describe, expect, it } from 'vitest';
import { ChainWalk } from '../../../src/audit/chain-walk.ts';
import type { StoredEvent } from '../../../src/kernel/audit.ts';
import { AUDIT_GENESIS, auditEventHash } from '../../../src/kernel/audit-chain.ts';

const EVENTS_A_STEP = 64;
let events: StoredEvent[];
let walk: ChainWalk;

/** So many events, chained. */
function trail(count: number, actor = 'alice'): StoredEvent[] {
  const made: StoredEvent[] = [];
  for (let sequence = 1; sequence <= count; sequence++) {
    const event = {
      sequence,
      time: 100,
      type: 't',
      actor,
      subject: 's',
      requestId: null,
      traceId: null,
      detailsJson: '{}',
    };
    made.push({ ...event, hash: auditEventHash(made.at(-1)?.hash ?? AUDIT_GENESIS.hash, event) });
  }
  return made;
}

/** What is found from the beginning of the trail to its end. */
async function round() {
  const found = [];
  for (let step = 0; step <= Math.floor(events.length / EVENTS_A_STEP); step++) found.push(await walk.step());
  return found.filter((each) => each !== undefined);
}

beforeEach(() => {
  events = trail(600);
  walk = new ChainWalk(
    {
      eventsAfter: async (sequence, limit) =>
        events.filter((event) => event.sequence > sequence).slice(0, limit),
    },
    EVENTS_A_STEP,
  );
});

describe('a walk along the audit chain', () => {
  it('finds nothing in one that grows, in any round', async () => {
    expect(await round()).toEqual([]);
    events = trail(700);
    expect(await round()).toEqual([]);
    events = trail(700);
    expect(await round()).toEqual([]);
  });

  it('finds the event whose content was changed, once a round', async () => {
    const changed = events[300];
    if (changed) events[300] = { ...changed, actor: 'mallory' };
    const found = [{ place: 'event 301', why: 'its content and the event before it do not give its hash' }];
    expect(await round()).toEqual(found);
    expect(await round()).toEqual(found);
  });

  it('finds an event that is gone', async () => {
    events.splice(9, 1);
    expect(await round()).toEqual([{ place: 'event 10', why: 'it is gone' }]);
  });

  it('finds a chain that was written anew, and one whose end was cut off, once it has seen the former', async () => {
    expect(await round()).toEqual([]);
    events = trail(600, 'mallory');
    expect(await round()).toEqual([{ place: 'event 600', why: 'the chain up to it was written anew' }]);
    events = trail(580);
    expect(await round()).toEqual([{ place: 'event 581', why: 'all from here on is gone' }]);
    expect(await round()).toEqual([{ place: 'event 581', why: 'all from here on is gone' }]);
  });
});
