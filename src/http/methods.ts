import type { FastifyInstance } from "fastify";
import { KycError } from "../verification/errors.ts";

/** Which methods each of our paths has. */
export type Methods = Map<string, Set<string>>;

/** Notes the routes that are added to `app` from now on. */
export function collectMethods(app: FastifyInstance, methods: Methods): void {
  app.addHook("onRoute", ({ url, method }) => {
    const known = methods.get(url) ?? new Set();
    for (const one of [method].flat()) known.add(one);
    methods.set(url, known);
  });
}

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** A known path with a method that it does not have is 405 with Allow, not "nothing there". */
export function refuseOtherMethods(app: FastifyInstance, methods: Methods): void {
  for (const [url, known] of methods) {
    const allow = [...known].join(", ");
    app.route({
      method: METHODS.filter((method) => !known.has(method)),
      url,
      schema: { hide: true },
      // Before the body is looked at: no body of any kind makes it right.
      onRequest: async (_request, reply) => {
        reply.header("allow", allow);
        throw new KycError("KYC_VAL_001", 405, `This path takes ${allow}.`);
      },
      handler: () => undefined,
    });
  }
}
