import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import type { FastifyInstance } from "fastify";
import { NAMED_SCHEMAS } from "./schemas.ts";

const DESCRIPTION = `Self-hosted electronic KYC for Indonesia: reads the KTP, judges the selfie, asks the civil registry, decides.

1. \`POST /api/v1/kyc/verify/start\` begins a verification.
2. \`POST /api/v1/kyc/verify/ktp\` takes the photograph of the KTP. BASIC_KYC ends here.
3. \`POST /api/v1/kyc/verify/selfie\` takes the selfie and answers with the decision.

Images come as base64 in JSON, or as a file part of a multipart form by the same name. Every error is
\`application/problem+json\` (RFC 9457) with an \`error_code\`; a refused photograph says what to do better in \`hints\`.
Any POST may carry an \`Idempotency-Key\`.`;

/** The page's own scripts and styles, and nothing from anywhere else. */
const PAGE_POLICY =
  "default-src 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'; img-src 'self' data:; style-src 'self' 'unsafe-inline'";

/** `/openapi.json` and the page `/docs`, from the same schemas that validate. Register before the routes. */
export function documentation(app: FastifyInstance, version: string): void {
  for (const [name, schema] of Object.entries(NAMED_SCHEMAS)) app.addSchema({ ...schema, $id: name });

  app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: "PayU KYC Service", version, description: DESCRIPTION },
      tags: [
        { name: "verification", description: "Verifying a citizen" },
        { name: "review", description: "Deciding what is doubtful, by persons (scope kyc:review)" },
        { name: "operations", description: "Running the service" },
      ],
      components: {
        securitySchemes: { bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
      },
    },
    refResolver: { buildLocalReference: (json, _base, _fragment, i) => String(json.$id ?? `def-${i}`) },
  });
  app.register(swaggerUi, {
    routePrefix: "/docs",
    staticCSP: PAGE_POLICY,
    uiConfig: { deepLinking: true, validatorUrl: null },
    theme: { title: "PayU KYC Service" },
  });
  app.get("/openapi.json", { config: { always: true }, schema: { hide: true } }, async () => app.swagger());
}
