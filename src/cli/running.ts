import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../config.ts";
import { signToken } from "../http/auth.ts";

/** Where a running service writes down the port it serves; commands that need its data ask it there. */
export const servicePortFile = (dataDir: string): string => join(dataDir, "service.port");

/** A service that has the data folder open. */
export interface RunningService {
  readonly url: string;
  /** @throws Error where it refuses or does not answer */
  get<T>(path: string): Promise<T>;
  /** @throws Error where it refuses or does not answer */
  post<T>(path: string, body: object): Promise<T>;
}

const TOKEN_MINUTES = 5;

/** @throws Error where nothing serves, or its tokens cannot be signed here */
export async function runningService(config: Config, secret: string | null): Promise<RunningService> {
  const port = Number(await readFile(servicePortFile(config.dataDir), "utf8").catch(() => config.port));
  const url = `http://127.0.0.1:${port}`;
  if (secret === null) throw new Error("The service that has the data open takes no tokens signed here.");
  const token = await signToken({
    secret,
    user: "command-line",
    scopes: ["kyc:service"],
    minutes: TOKEN_MINUTES,
  });
  async function send<T>(path: string, init: RequestInit = {}): Promise<T> {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const response = await fetch(`${url}${path}`, { ...init, headers });
    const body = (await response.json()) as T & { detail?: string };
    if (!response.ok) throw new Error(`The running service answered ${response.status}: ${body.detail}`);
    return body;
  }
  return {
    url,
    get: (path) => send(path),
    post: (path, body) => send(path, { method: "POST", body: JSON.stringify(body) }),
  };
}
