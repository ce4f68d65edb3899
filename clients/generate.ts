import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** The parts of JSON Schema and OpenAPI 3.1 that the service's own document uses. */
interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly not?: JsonSchema;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>;
  readonly contentMediaType?: string;
  readonly contentEncoding?: string;
}

type Content = Readonly<Record<string, { readonly schema: JsonSchema }>>;

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: "path" | "query" | "header";
    readonly required?: boolean;
    readonly description?: string;
    readonly schema: JsonSchema;
  }[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

export interface OpenApi {
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> };
}

const INDENT = "  ";
const key = (name: string) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name));
const comment = (text: string | undefined, indent: string) =>
  text === undefined ? "" : `${indent}/** ${text.replaceAll("*/", "*\\/")} */\n`;

/** A TypeScript type for a schema. */
function typeOf(schema: JsonSchema, indent = ""): string {
  if (schema.$ref) return schema.$ref.split("/").at(-1)!;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.anyOf) return schema.anyOf.map((part) => typeOf(part, indent)).join(" | ");
  if (schema.not) return "never";
  if (schema.contentMediaType || schema.contentEncoding) return "Blob";
  switch (schema.type) {
    case "string":
      return "string";
    case "integer":
    case "number":
      return "number";
    case "boolean":
      return "boolean";
    case "null":
      return "null";
    case "array":
      return `readonly (${typeOf(schema.items ?? {}, indent)})[]`;
    case "object":
      return objectType(schema, indent);
    default:
      return "unknown";
  }
}

function objectType(schema: JsonSchema, indent: string): string {
  const { properties, required = [], patternProperties, additionalProperties } = schema;
  if (!properties) {
    const [value] = Object.values(patternProperties ?? {});
    const values = value ?? (typeof additionalProperties === "object" ? additionalProperties : {});
    return `Readonly<Record<string, ${typeOf(values, indent)}>>`;
  }
  const inner = indent + INDENT;
  const members = Object.entries(properties).flatMap(([name, member]) => {
    const type = typeOf(member, inner);
    if (type === "never") return [];
    const optional = required.includes(name) ? "" : "?";
    return [`${comment(member.description, inner)}${inner}readonly ${key(name)}${optional}: ${type};\n`];
  });
  return `{\n${members.join("")}${indent}}`;
}

/** One method of the client. */
/** @param later  the form of it that is answered 202, and finished after that */
function method(path: string, verb: string, operation: Operation, later = false): string {
  const parameters = operation.parameters ?? [];
  const inPath = parameters.filter((parameter) => parameter.in === "path");
  const inQuery = parameters.filter((parameter) => parameter.in === "query");
  const form = operation.requestBody?.content["multipart/form-data"]?.schema;
  const json = operation.requestBody?.content["application/json"]?.schema;
  // A picture travels as a file part; everything else as JSON.
  const asForm =
    form !== undefined &&
    Object.values(form.properties ?? {}).some((p) => p.contentMediaType || p.items?.contentMediaType);
  const body = asForm ? form : json;
  const answer = operation.responses[later ? "202" : "200"]?.content?.["application/json"]?.schema ?? {};

  const takes = [
    ...inPath.map(({ name }) => `${name}: string`),
    ...(body ? [`body: ${typeOf(body, INDENT)}`] : []),
    ...(inQuery.length > 0
      ? [
          `query: {\n${inQuery.map(({ name, schema, description }) => `${comment(description, INDENT.repeat(2))}${INDENT.repeat(2)}readonly ${key(name)}?: ${typeOf(schema)};\n`).join("")}${INDENT}} = {}`,
        ]
      : []),
  ];
  const address = `\`${path.replace(/\{(\w+)\}/g, (_, name) => `\${encodeURIComponent(${name})}`)}\``;
  const once = parameters.some(({ name }) => name === "idempotency-key");
  if (once) takes.push("options: RequestOptions = {}");
  const sends = [
    body && (asForm ? "form: body" : "json: body"),
    inQuery.length > 0 && "query",
    once && "...options",
    later && "later: true",
  ].filter(Boolean);
  return [
    comment(`${operation.summary}${later ? ", to be judged later" : ""}.`, INDENT),
    `${INDENT}${operation.operationId}${later ? "Later" : ""}(${takes.join(", ")}): Promise<${typeOf(answer, INDENT)}> {\n`,
    `${INDENT.repeat(2)}return this.#send("${verb.toUpperCase()}", ${address}${sends.length > 0 ? `, { ${sends.join(", ")} }` : ""});\n`,
    `${INDENT}}\n`,
  ].join("");
}

const HEAD = (
  document: OpenApi,
) => `// Made from the service's own OpenAPI document by \`npm run client\`. Not to be edited by hand.

/** A client of the ${document.info.title}. */
export interface ClientOptions {
  /** Where the service is, e.g. \`https://kyc.example\`; nothing: where the page came from. */
  readonly baseUrl?: string;
  /** The bearer token, or how to get one. */
  readonly token?: string | (() => string | Promise<string>);
  /** In place of the global one. */
  readonly fetch?: typeof fetch;
}

/** What the service refused, and why (RFC 9457). */
export class KycProblemError extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail);
    this.name = "KycProblemError";
    this.problem = problem;
  }
}

/** Of one call. */
export interface RequestOptions {
  /** The same key and body get the same answer again, for 24 hours. */
  readonly idempotencyKey?: string;
}

interface Sent extends RequestOptions {
  readonly json?: object;
  readonly form?: object;
  readonly query?: object;
  /** Whether 202 and an upload to come back to are preferred to waiting. */
  readonly later?: boolean;
}

`;

const SEND = `  async #send<T>(method: string, path: string, { json, form, query, idempotencyKey, later }: Sent = {}): Promise<T> {
    const { baseUrl = "", token, fetch: send = fetch } = this.#options;
    const headers = new Headers();
    const bearer = typeof token === "function" ? await token() : token;
    if (bearer !== undefined) headers.set("authorization", \`Bearer \${bearer}\`);
    if (idempotencyKey !== undefined) headers.set("idempotency-key", idempotencyKey);
    if (later) headers.set("prefer", "respond-async");
    let body: RequestInit["body"];
    if (json) {
      headers.set("content-type", "application/json");
      body = JSON.stringify(json);
    }
    if (form) {
      const data = new FormData();
      for (const [name, given] of Object.entries(form)) {
        for (const value of Array.isArray(given) ? given : [given]) {
          if (value instanceof Blob) data.append(name, value, name);
          else if (value !== undefined) data.append(name, String(value));
        }
      }
      body = data;
    }
    const words = new URLSearchParams(
      Object.entries(query ?? {}).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, String(value)] as [string, string]],
      ),
    );
    const address = \`\${baseUrl}\${path}\${words.size > 0 ? \`?\${words}\` : ""}\`;
    const response = await send(address, { method, headers, body });
    const isJson = response.headers.get("content-type")?.includes("json") ?? false;
    if (!response.ok && isJson) throw new KycProblemError((await response.json()) as Problem);
    if (!response.ok) throw new Error(\`The service answered \${response.status}.\`);
    return (isJson ? await response.json() : await response.text()) as T;
  }
`;

/**
 * Writes a client of the service in TypeScript, without dependencies, for browsers and Node.
 * @param document  what `/openapi.json` answers
 */
export function generateClient(document: OpenApi): string {
  const types = Object.entries(document.components.schemas).map(
    ([name, schema]) => `${comment(schema.description, "")}export interface ${name} ${typeOf(schema)}\n\n`,
  );
  const methods = Object.entries(document.paths).flatMap(([path, verbs]) =>
    Object.entries(verbs).flatMap(([verb, operation]) => [
      method(path, verb, operation),
      ...("202" in operation.responses ? [method(path, verb, operation, true)] : []),
    ]),
  );
  return [
    HEAD(document),
    ...types,
    "/** One method an operation; every refusal is a {@link KycProblemError}. */\n",
    "export class KycClient {\n",
    "  readonly #options: ClientOptions;\n\n",
    "  constructor(options: ClientOptions = {}) {\n    this.#options = options;\n  }\n\n",
    methods.join("\n"),
    "\n",
    SEND,
    "}\n",
  ].join("");
}

/** Where the client is. */
export const CLIENT_FILE = fileURLToPath(new URL("./typescript/src/client.ts", import.meta.url));

if (import.meta.main) {
  const [service = "http://localhost:8007"] = process.argv.slice(2);
  const response = await fetch(`${service}/openapi.json`);
  await mkdir(dirname(CLIENT_FILE), { recursive: true });
  await writeFile(CLIENT_FILE, generateClient((await response.json()) as OpenApi));
}
