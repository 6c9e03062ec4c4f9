import { KeywardError } from '../domain/errors.ts';
import type { PublicJwk } from '../domain/key.ts';
import type { Voucher } from '../token/binding-record.ts';
import { importPublicKey, thumbprint } from '../token/public-jwk.ts';
import { attest } from './attest.ts';
import { PinComparison } from './compare-pins.ts';
import { destroyKey, discard } from './destroy.ts';
import type { Epoch } from './epoch.ts';
import { generate } from './generate.ts';
import { type Hsm, openHsm } from './hsm.ts';
import { inTurn } from './in-turn.ts';
import { takeInventory } from './inventory.ts';
import { keepAlive } from './keep-alive.ts';
import { KeyShelf } from './key-shelf.ts';
import type { Log } from './log.ts';
import { PinAllowance } from './pin-allowance.ts';
import type { Operation, Operations, ServiceKids, SignerSettings } from './protocol.ts';
import { serve } from './serve.ts';
import { serveAudit, serveVoucher } from './serve-registry.ts';
import { signBatch } from './sign.ts';
import {
  requireBatch,
  requireKeyName,
  requireProving,
  requireReferences,
  requireSealed,
  requireSpecification,
} from './takes.ts';

export type OperationTable = {
  readonly [K in Operation]: (takes: Operations[K]['takes']) => Promise<Operations[K]['gives']>;
};

interface Opened {
  readonly hsm: Hsm;
  readonly named: ServiceKids;
  readonly others: readonly Voucher[];
  readonly pins: PinComparison;
}

/** Everything the signer does, by the name it is asked for. What it is given is checked: the front may lie. */
export function createOperations(epoch: Epoch, log: Log): OperationTable {
  const shelf = new KeyShelf();
  // What puts keys into service or takes them out: overlapping, an older set could end up on the shelf.
  const changingShelf = inTurn();
  let opened: Opened | undefined;
  const now = (): Opened => opened ?? fail('hsm_unavailable', 'the signer has not been opened');

  return {
    async open(settings: SignerSettings) {
      if (opened) fail('invalid_request', 'the signer is open already');
      const hsm = openHsm(settings);
      const { registryKid, auditKid, bindingKid } = settings;
      const named = { registryKid, auditKid, bindingKid };
      const others = settings.otherBindingKeys.map(voucherOf);
      const pins = new PinComparison(hsm.pin, new PinAllowance(settings.latchFile));
      opened = { hsm, named, others, pins };
      keepAlive(hsm, epoch);
      await serveVoucher(hsm, shelf, named, others, log);
      if (auditKid !== null) await serveAudit(hsm, shelf, auditKid, others, log);
      return hsm.description;
    },
    async sign(batch) {
      requireBatch(batch);
      return signBatch(now().hsm, shelf, epoch, batch);
    },
    async generate(specification) {
      const { hsm, named } = now();
      requireSpecification(specification, named);
      return generate(hsm, specification);
    },
    async serve(references) {
      const { hsm, named, others } = now();
      const { auditKid } = named;
      requireReferences(references);
      return changingShelf(async () => {
        const voucherFound = await serveVoucher(hsm, shelf, named, others, log);
        if (auditKid !== null) await serveAudit(hsm, shelf, auditKid, others, log);
        return serve(hsm, shelf, { references, voucherFound }, log);
      });
    },
    async prove(takes) {
      const { hsm } = now();
      requireProving(takes);
      return attest(hsm, shelf.voucher, takes);
    },
    async inventory() {
      return takeInventory(now().hsm);
    },
    async discard(key) {
      const { hsm, named } = now();
      requireKeyName(key);
      return changingShelf(async () => discard(hsm, shelf, named, key));
    },
    async destroy(key) {
      const { hsm, named } = now();
      requireKeyName(key);
      return changingShelf(async () => destroyKey(hsm, shelf, named, key));
    },
    async describe() {
      const { hsm } = now();
      // A front that asks wants to know whether the module still answers.
      await hsm.direct.lend((session) => session.keepAlive());
      return hsm.description;
    },
    async pinMark() {
      return now().pins.describe();
    },
    async comparePins(takes) {
      const { pins } = now();
      requireSealed(takes);
      return pins.compare(takes.sealed);
    },
  };
}

function voucherOf(jwk: PublicJwk): Voucher {
  return { kid: thumbprint(jwk), publicKey: importPublicKey(jwk) };
}

function fail(code: 'hsm_unavailable' | 'invalid_request', message: string): never {
  throw new KeywardError(code, message);
}
