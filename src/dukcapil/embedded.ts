import { type Behaviour, INSTANT_BEHAVIOUR } from "./behaviour.ts";
import type { CallObserver, CallPolicy } from "./caller.ts";
import type { Dukcapil } from "./dukcapil.ts";
import type { Fetch } from "./exchange.ts";
import { payuDukcapil } from "./payu.ts";
import type { Register } from "./register.ts";
import { createSimulator } from "./simulator.ts";

export interface EmbeddedDukcapilOptions {
  readonly register: Register;
  /** What differs from {@link INSTANT_BEHAVIOUR}: no latency, no failures. */
  readonly behaviour?: Partial<Behaviour>;
  readonly policy?: Partial<CallPolicy>;
  readonly observer?: CallObserver;
  readonly random?: () => number;
}

/** The simulator inside this process, with the hand that makes it slow, failing or absent. */
export interface EmbeddedDukcapil extends Dukcapil {
  behave(change: Partial<Behaviour>): void;
}

/**
 * The simulator without a network: the same routes and the same adapter as over HTTP, with the request handed straight
 * to the simulator. So a verdict, a failure and a retry come out alike in both.
 */
export function embeddedDukcapil(options: EmbeddedDukcapilOptions): EmbeddedDukcapil {
  const { register, policy, observer, random } = options;
  const { app, behave } = createSimulator({
    register,
    random,
    behaviour: { ...INSTANT_BEHAVIOUR, ...options.behaviour },
  });
  const fetch: Fetch = async (url, init) => {
    const { statusCode, headers, body } = await app.inject({
      method: init.method as "GET" | "POST",
      url: new URL(url).pathname,
      headers: init.headers as Record<string, string>,
      payload: init.body as string | undefined,
      signal: init.signal ?? undefined,
    });
    return new Response(body, { status: statusCode, headers: headers as Record<string, string> });
  };
  const dukcapil = payuDukcapil({ url: "http://embedded/api/v1", policy, observer, random, fetch });
  return {
    ...dukcapil,
    behave,
    async close() {
      await dukcapil.close();
      await app.close();
    },
  };
}
