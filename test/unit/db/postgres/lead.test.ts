import { describe, expect, it } from 'vitest';
import { Lead } from '../../../../src/db/postgres/lead.ts';

/** A lead of one of two fronts, as it looks at the database each second; `has` of the lock, and whether anyone else has it. */
function looking() {
  const lead = new Lead();
  const front = { isFit: true };
  let at = 0;
  lead.leadIf(() => front.isFit);
  const look = (shows: 'mine' | 'free' | 'taken') => {
    at += 1_000;
    const isToGiveBack = lead.see({ at, leads: shows === 'mine', isFree: shows === 'free', others: 1 });
    if (isToGiveBack) lead.offer(at);
    else if (shows === 'mine' && !lead.isTaken) lead.take(at);
    return { leads: lead.isHeld(at), wants: lead.isWanted(at), gaveBack: isToGiveBack };
  };
  return { lead, look, front };
}

describe('the lead', () => {
  it('is kept by a front that is fit', () => {
    const { look } = looking();
    for (let n = 0; n < 100; n += 1) {
      expect(look('mine')).toEqual({ leads: true, wants: true, gaveBack: false });
    }
  });

  it('is given back by one that is not, and not held from the moment on at which it is not', () => {
    const { lead, look, front } = looking();
    look('mine');
    front.isFit = false;
    expect(lead.isHeld(1_001)).toBe(false);
    expect(look('mine')).toEqual({ leads: false, wants: false, gaveBack: true });
  });

  it('is left to one that is fit, and taken again once that has it no more and this one is fit', () => {
    const { look, front } = looking();
    look('mine');
    front.isFit = false;
    look('mine');
    for (let n = 0; n < 10; n += 1) expect(look('taken').wants).toBe(false);
    front.isFit = true;
    expect(look('taken')).toMatchObject({ leads: false, wants: true });
    expect(look('mine').leads).toBe(true);
  });

  it('is taken by one that is not fit where nobody else takes it for three seconds, and offered again after a minute', () => {
    const { look, front } = looking();
    look('mine');
    front.isFit = false;
    expect(look('mine').gaveBack).toBe(true);
    expect([look('free'), look('free')].map(({ wants }) => wants)).toEqual([false, false]);
    expect(look('free').wants).toBe(true);
    for (let n = 0; n < 60; n += 1) expect(look('mine')).toMatchObject({ leads: true, gaveBack: false });
    expect(look('mine').gaveBack).toBe(true);
  });

  it('is taken so by one that never had it', () => {
    const { look, front } = looking();
    front.isFit = false;
    expect(look('taken').wants).toBe(false);
    expect([1, 2, 3, 4].map(() => look('free').wants)).toEqual([false, false, false, true]);
    expect(look('mine')).toMatchObject({ leads: true, gaveBack: false });
  });

  it('is kept by one that has no other beside it', () => {
    const lead = new Lead();
    lead.leadIf(() => false);
    expect(lead.isWanted(0)).toBe(true);
    expect(lead.see({ at: 1, leads: true, isFree: false, others: 0 })).toBe(false);
    lead.take(1);
    expect(lead.isHeld(1)).toBe(true);
  });

  it('begins when it was said to: the one before may still think that it leads', () => {
    const { lead } = looking();
    lead.take(4_000);
    expect([lead.isHeld(3_999), lead.isHeld(4_000)]).toEqual([false, true]);
  });
});
