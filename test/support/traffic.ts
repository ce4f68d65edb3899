import { setTimeout as pause } from "node:timers/promises";
import type { Client, Person, Reply } from "./service.ts";

/** What one verification was answered so far. */
interface Journal {
  readonly user: string;
  readonly person: Person;
  id: string | null;
  /** The NIK that the card step answered. */
  nik: string | null;
  /** The decision that the last step answered. */
  decided: string | null;
  /** Sends its photographs to be judged later. */
  readonly later: boolean;
  /** Where the answer of the last such one is to be fetched. */
  upload: string | null;
  over: boolean;
}

/** What an event tells, as `GET /events` gives it. */
export interface Told {
  readonly id: number;
  readonly kind: string;
  readonly value: { readonly verification_id: string };
  readonly ce: { readonly id: string };
}

/** People who are verified one after the other while something goes wrong, and all that they were answered. */
export interface Traffic {
  readonly journals: readonly Journal[];
  /** How often each status was the answer; `cut`: there was none. */
  readonly answers: ReadonlyMap<number | "cut", number>;
  /** Begins no further verification, and waits until nobody is in the middle of a request. */
  stop(): Promise<void>;
  /** Goes on with all that was begun. @returns how many had not ended after that time */
  settle(milliseconds: number): Promise<number>;
  /** Holds what the service says now against all that it had answered. @returns what was lost or decided twice, in words */
  faults(): Promise<readonly string[]>;
  /** All events, oldest first. */
  events(): Promise<readonly Told[]>;
}

const BASE_PATH = "/api/v1/kyc";
const RETRY_MS = 500;
/** What a killed process held is busy for a while: it is left, and come back to in the end. */
const TRIES = 8;
/** The most that `GET /events` gives at once. */
const PAGE = 500;

/**
 * @param clientOf  a client of this user; waits while there is nobody to talk to
 * @param people    one verifies after the other for each of them
 */
export function startTraffic({
  clientOf,
  people,
  type = "FULL_KYC",
  later = false,
}: {
  clientOf: (user: string, ...scopes: string[]) => Promise<Client>;
  people: readonly Person[];
  type?: "FULL_KYC" | "BASIC_KYC";
  /** Whether every second one sends its photographs to be judged later. */
  later?: boolean;
}): Traffic {
  const journals: Journal[] = [];
  const answers = new Map<number | "cut", number>();
  const count = (status: number | "cut") => answers.set(status, (answers.get(status) ?? 0) + 1);
  const counted = (reply: Reply): Reply => {
    count(reply.status);
    return reply;
  };
  const lost: string[] = [];
  let stopping = false;

  /** Does the next step of a verification, or finds out where it is. @returns whether it got any further */
  async function step(journal: Journal, client: Client): Promise<boolean> {
    if (journal.id === null) {
      const begun = counted(
        await client.post("/verify/start", { user_id: journal.user, verification_type: type }),
      );
      if (begun.status === 200) journal.id = begun.body.verification_id;
      return begun.status === 200;
    }
    const prefer: Record<string, string> = journal.later ? { prefer: "respond-async" } : {};
    /** @returns whether there is an answer, to this upload or to the one before */
    const take = ({ status, body }: Pick<Reply, "status" | "body">): boolean => {
      if (status === 202) journal.upload = body.status_url.replace(BASE_PATH, "");
      if (status !== 200) return false;
      if (body.ocr_result) journal.nik = body.ocr_result.nik;
      if (body.status !== "PROCESSING") journal.decided = body.status;
      return true;
    };
    if (journal.upload !== null) {
      const { status, body } = counted(await client.get(journal.upload));
      if (status === 404) lost.push(`${journal.user} ${journal.id}: an upload that was accepted is lost`);
      if (status !== 200 && status !== 404) return false;
      if (status === 200 && body.answer === null) return false;
      journal.upload = null;
      return status === 200 && take(body.answer);
    }
    const { status, body } = counted(await client.get(`/verify/${journal.id}`));
    if (status !== 200) return false;
    if (body.status === "PENDING")
      return take(counted(await client.ktp(journal.id, journal.person.ktp, prefer)));
    if (body.status === "PROCESSING" && type === "FULL_KYC" && body.liveness_result === null)
      return take(counted(await client.selfie(journal.id, journal.person.selfie, prefer)));
    journal.over = body.status !== "PROCESSING";
    return journal.over;
  }

  async function verifyAll(number: number): Promise<void> {
    for (let turn = 0; !stopping; turn++) {
      const journal: Journal = {
        user: `traffic-${number}-${turn}`,
        person: people[number]!,
        id: null,
        nik: null,
        decided: null,
        later: later && turn % 2 === 1,
        upload: null,
        over: false,
      };
      journals.push(journal);
      for (let tries = 0; tries < TRIES && !journal.over && !stopping; tries++) {
        try {
          if (!(await step(journal, await clientOf(journal.user)))) await pause(RETRY_MS);
        } catch {
          count("cut");
          await pause(RETRY_MS / 5);
        }
      }
    }
  }
  const running = Promise.all(people.map((_, number) => verifyAll(number)));

  async function events(): Promise<readonly Told[]> {
    const platform = await clientOf("platform", "kyc:service");
    const all: Told[] = [];
    for (;;) {
      const { body } = await platform.get(`/events?after=${all.at(-1)?.id ?? 0}&limit=${PAGE}`);
      all.push(...body);
      if (body.length < PAGE) return all;
    }
  }

  return {
    journals,
    answers,
    events,
    async stop() {
      stopping = true;
      await running;
    },
    async settle(milliseconds) {
      const left = () => journals.filter(({ id, over }) => id !== null && !over);
      for (const until = Date.now() + milliseconds; Date.now() < until; await pause(RETRY_MS)) {
        if (left().length === 0) break;
        for (const journal of left()) await step(journal, await clientOf(journal.user)).catch(() => false);
      }
      return left().length;
    },
    async faults() {
      const faults = [...lost];
      const told = await events();
      for (const { id, user, nik, decided, over } of journals) {
        if (id === null) continue;
        const fault = (what: string) => faults.push(`${user} ${id}: ${what}`);
        const { status, body } = await (await clientOf(user)).get(`/verify/${id}`);
        if (status !== 200) fault(`answered ${status}`);
        if (nik !== null && body.ktp_ocr_result?.nik !== nik) fault("the card that was read is lost");
        if (decided !== null && body.status !== decided) fault(`was ${decided} and is ${body.status}`);
        if (!over) fault(`is left in ${body.status}`);
        const kinds = told.filter(({ value }) => value.verification_id === id).map(({ kind }) => kind);
        const due = body.status === "VERIFIED" ? ["ktp_uploaded", "verified"] : ["ktp_uploaded", "failed"];
        if (kinds.join() !== due.join()) fault(`told ${kinds.join(", ") || "nothing"} for ${body.status}`);
      }
      return faults;
    },
  };
}
