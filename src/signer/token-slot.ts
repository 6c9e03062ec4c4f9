import type graphene from 'graphene-pk11';
import { KeywardError } from '../domain/errors.ts';
import { calling } from './cryptoki-error.ts';

/**
 * The slot that holds the token of that label and serial: slot ids and their order change. An absent token is
 * `hsm_unavailable`, an outage to retry and never a reason to make one; two alike are `hsm_refused`.
 */
export function findTokenSlot(module: graphene.Module, label: string, serial: string): graphene.Slot {
  const [slot, second] = slotsWithToken(module).filter((candidate) => {
    const token = calling('C_GetTokenInfo', () => candidate.getToken());
    return token.label === label && token.serialNumber === serial;
  });
  if (!slot) throw new KeywardError('hsm_unavailable', 'the HSM token is not present');
  if (second) throw new KeywardError('hsm_refused', 'two HSM tokens have the same label and serial');
  return slot;
}

export function slotsWithToken(module: graphene.Module): graphene.Slot[] {
  return calling('C_GetSlotList', () => {
    const slots = module.getSlots(true);
    return Array.from({ length: slots.length }, (_, index) => slots.items(index));
  });
}
