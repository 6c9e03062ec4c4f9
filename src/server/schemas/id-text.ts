import { z } from 'zod';

/** The id of a scope, client or operator, as far as the description goes: the domain judges it (1 to 63 characters). */
export const idText = z.string('use text').meta({ minLength: 1, maxLength: 63 });
