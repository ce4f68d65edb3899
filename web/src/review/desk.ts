import { createContext, useCallback, useContext, useEffect, useState } from "react";
import { type KycClient, KycProblemError } from "../../../clients/typescript/src/client.ts";
import type { Language } from "../language.ts";
import type { Words } from "./words.ts";

/** One verification as the service tells a reviewer of it. */
export type ReviewView = Awaited<ReturnType<KycClient["openReview"]>>;
export type QueueItem = Awaited<ReturnType<KycClient["listReviews"]>>["items"][number];
export type StatisticsView = Awaited<ReturnType<KycClient["getStatistics"]>>;
export type Revealed = Awaited<ReturnType<KycClient["reveal"]>>;
export type Revealable = Parameters<KycClient["reveal"]>[1]["what"];
/** Which frame of a challenge. */
export type FrameAsked = Required<Pick<Parameters<KycClient["reveal"]>[1], "challenge_id" | "action">>;
export type Decision = Parameters<KycClient["decideReview"]>[1];

/** What every part of the console works with. */
export interface Desk {
  readonly client: KycClient;
  /** The token's subject. */
  readonly me: string;
  readonly words: Words;
  readonly language: Language;
  /** The token is no good any more. */
  readonly leave: (why: "ended") => void;
}

export const DeskContext = createContext<Desk | null>(null);

export function useDesk(): Desk {
  const desk = useContext(DeskContext);
  if (desk === null) throw new Error("there is no desk outside of the console");
  return desk;
}

/** Fetches what a page shows, and again when asked to. An ended token leads back to the sign-in. */
export function useLoad<T>(load: (client: KycClient) => Promise<T>): {
  readonly data: T | null;
  readonly error: string | null;
  readonly reload: () => Promise<void>;
} {
  const { client } = useDesk();
  const tell = useTell();
  const [data, setData] = useState<T | null>(null);
  const [error, setError] = useState<string | null>(null);
  const reload = useCallback(async () => {
    try {
      setData(await load(client));
      setError(null);
    } catch (failure) {
      setError(tell(failure));
    }
  }, [client, load, tell]);
  useEffect(() => void reload(), [reload]);
  return { data, error, reload };
}

/** A failure in words; one of the token ends the session. */
export function useTell(): (failure: unknown) => string {
  const { words, leave } = useDesk();
  return useCallback(
    (failure: unknown) => {
      if (!(failure instanceof KycProblemError)) return words.offline;
      if (failure.problem.status === 401) leave("ended");
      return failure.problem.detail;
    },
    [words, leave],
  );
}

/** Where in the console: after the `#` of the address. */
export type Place =
  | { readonly at: "queue" }
  | { readonly at: "statistics" }
  | { readonly at: "verification"; readonly id: string };

export function placeOf(hash: string): Place {
  if (hash === "#statistics") return { at: "statistics" };
  const id = /^#verification\/([\w-]{1,36})$/.exec(hash)?.[1];
  return id === undefined ? { at: "queue" } : { at: "verification", id };
}

export const hrefOf = (id: string) => `#verification/${id}`;
