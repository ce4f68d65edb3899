/** The part of autocannon that the benchmark uses; it brings no types. */
declare module "autocannon" {
  export interface Options {
    readonly url: string;
    readonly method?: "GET" | "POST";
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly connections: number;
    /** Seconds. */
    readonly duration: number;
  }
  export interface Result {
    /** Of each second. */
    readonly requests: { readonly average: number; readonly total: number };
    /** Milliseconds. */
    readonly latency: { readonly p50: number; readonly p99: number };
    readonly errors: number;
    readonly non2xx: number;
  }
  // biome-ignore lint/style/noDefaultExport: as it is published
  export default function autocannon(options: Options): Promise<Result>;
}
