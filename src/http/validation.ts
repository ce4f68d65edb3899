import type { FastifySchemaCompiler, FastifySchemaValidationError } from "fastify";
import type { TSchema } from "typebox";
import { Compile } from "typebox/compile";
import { type ErrorCode, KycError } from "../verification/errors.ts";
import type { AdviceCode } from "../vision/hints.ts";

/** A member of the request that cannot be taken, and what to send in its place. Never repeats what was sent. */
export interface FieldError {
  readonly field: string;
  readonly message: string;
}

/** A refusal that names the members at fault. */
export function refuseFields(
  code: ErrorCode,
  errors: readonly FieldError[],
  { status = 400, hints }: { readonly status?: number; readonly hints?: readonly AdviceCode[] } = {},
): KycError {
  const detail = errors.map(({ field, message }) => `${field} ${message}`).join(" ");
  return new KycError(code, status, detail, { hints, extra: { errors } });
}

/** Fastify's validator by TypeBox. Nothing is converted but a whole number in a query string. */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const check = Compile(schema);
  return (given: unknown) => {
    const value = httpPart === "querystring" ? withIntegers(schema, given) : given;
    return check.Check(value) ? { value } : { error: check.Errors(value) as never };
  };
};

function withIntegers(schema: TSchema, query: unknown): unknown {
  const { properties } = schema as { properties?: Readonly<Record<string, { type?: string }>> };
  const convert = ([name, value]: [string, unknown]) => [
    name,
    properties?.[name]?.type === "integer" && typeof value === "string" && /^\d{1,15}$/.test(value)
      ? Number(value)
      : value,
  ];
  return Object.fromEntries(Object.entries(query ?? {}).map(convert));
}

/** What a validator found, in sentences: one for each member, the first that was found of it. */
export function fieldErrors(found: readonly FastifySchemaValidationError[], part: string): FieldError[] {
  const errors = new Map<string, string>();
  const tell = (field: string, message: string) => {
    if (!errors.has(field)) errors.set(field, message);
  };
  for (const { keyword, instancePath, params } of found) {
    const field = instancePath.slice(1).replaceAll("/", ".");
    if (keyword === "required") {
      const missing = params.requiredProperties as string[];
      for (const name of missing) tell(field ? `${field}.${name}` : name, "is missing.");
    } else if (field === "") {
      tell(part === "body" ? "The body" : part, "must be an object: send a JSON object or a multipart form.");
    } else {
      tell(field, sentence(keyword, params));
    }
  }
  return [...errors].map(([field, message]) => ({ field, message }));
}

function sentence(keyword: string, params: Record<string, unknown>): string {
  switch (keyword) {
    case "type":
      return `must be ${params.type === "integer" ? "a whole number" : `a ${params.type}`}.`;
    case "minLength":
      return params.limit === 1 ? "must not be empty." : `must have at least ${params.limit} characters.`;
    case "maxLength":
      return `must have at most ${params.limit} characters.`;
    case "minimum":
      return `must be at least ${params.limit}.`;
    case "maximum":
      return `must be at most ${params.limit}.`;
    case "enum":
      return `must be one of ${(params.allowedValues as string[]).join(", ")}.`;
    case "pattern":
      return "must not be blank, overlong, or hold control characters.";
    default:
      return "is not as the documentation of this route asks.";
  }
}
