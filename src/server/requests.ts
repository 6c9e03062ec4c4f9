import type { z } from 'zod';
import type { ZodOpenApiRequestBodyObject } from 'zod-openapi';

/** Bytes that a body may take; one more is 413. */
interface Bound {
  readonly maxBytes: number;
}

/** A JSON body in the API description, with the bound that its route obeys. */
export function jsonBody(schema: z.ZodType, bound: Bound): ZodOpenApiRequestBodyObject {
  return body('application/json', schema, bound);
}

/** A form, in the same way. */
export function formBody(schema: z.ZodType, bound: Bound): ZodOpenApiRequestBodyObject {
  return body('application/x-www-form-urlencoded', schema, bound);
}

function body(mediaType: string, schema: z.ZodType, { maxBytes }: Bound): ZodOpenApiRequestBodyObject {
  return {
    required: true,
    description: `At most ${maxBytes} bytes.`,
    'x-max-bytes': maxBytes,
    content: { [mediaType]: { schema } },
  };
}
