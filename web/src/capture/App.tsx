import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { type KtpOcrResult, KycProblemError } from "../../../clients/typescript/src/client.ts";
import { Shot } from "./Shot.tsx";
import { sendUntilAnswered } from "./send.ts";
import { clientOf, openSession, returnAddress, type Session } from "./session.ts";
import { watchCard } from "./watch-card.ts";
import { loadGuide, watchFace } from "./watch-face.ts";
import { type Language, WORDS, type Words } from "./words.ts";

/** Which text the person agrees to: the words of the consent step. */
const CONSENT_VERSION = "capture-2026-1";
const POLL_MS = 3000;

type Status = "PENDING" | "PROCESSING" | "VERIFIED" | "REJECTED" | "FAILED" | "IN_REVIEW";

/** Where the person is. */
type Place =
  | { readonly at: "loading" }
  | { readonly at: "gone"; readonly why: "link" | "session" }
  | { readonly at: "consent" }
  | { readonly at: "card" }
  | { readonly at: "confirm"; readonly read: KtpOcrResult }
  | { readonly at: "face" }
  | { readonly at: "result"; readonly status: Status; readonly reason: string | null };

/** What was wrong with the last picture, in the person's language. */
interface Refusal {
  readonly lines: readonly string[];
  readonly attemptsLeft: number | null;
}

const isEnded = (error: unknown) => error instanceof KycProblemError && error.problem.status === 401;

export function App() {
  const [language, setLanguage] = useLanguage();
  const words = WORDS[language];
  const [session, setSession] = useState<Session | null>(null);
  const [place, setPlace] = useState<Place>({ at: "loading" });
  const [busy, setBusy] = useState<"sending" | "offline" | "busy" | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);

  const find = useCallback(async (held: Session) => {
    const seen = await clientOf(held).getVerification(held.verificationId);
    setPlace(placeOf(seen));
  }, []);

  const opened = useRef(false);
  useEffect(() => {
    if (opened.current) return;
    opened.current = true;
    const begin = async () => {
      try {
        const held = await openSession();
        if (held === null) return setPlace({ at: "gone", why: "link" });
        setSession(held);
        await find(held);
      } catch (error) {
        setPlace({ at: "gone", why: isEnded(error) ? "session" : "link" });
      }
    };
    void begin();
  }, [find]);

  // A new place is told to who cannot see it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the place is what it is about
  useEffect(() => heading.current?.focus(), [place.at]);

  useEffect(() => {
    if (session === null || place.at !== "result" || place.status !== "PROCESSING") return;
    const timer = setInterval(() => void find(session).catch(() => undefined), POLL_MS);
    return () => clearInterval(timer);
  }, [session, place, find]);

  /** Carries out one step's sending; what is refused is told and may be tried again. */
  const step = useCallback(
    async (work: (key: string) => Promise<Place>) => {
      setBusy("sending");
      setRefusal(null);
      try {
        setPlace(await sendUntilAnswered(work, setBusy));
      } catch (error) {
        if (isEnded(error)) setPlace({ at: "gone", why: "session" });
        else {
          setRefusal(refusalOf(error, language, words));
          // The last attempt may have ended it, or another tab gone on: the service knows.
          if (session) await find(session).catch(() => undefined);
        }
      } finally {
        setBusy(null);
      }
    },
    [language, words, session, find],
  );

  const onCard = useCallback(
    (ktp_image: Blob) => {
      if (!session) return;
      void step(async (key) => {
        const body = { verification_id: session.verificationId, ktp_image };
        const { status, ocr_result } = await clientOf(session).uploadKtp(body, {}, { idempotencyKey: key });
        void loadGuide().catch(() => undefined);
        return status === "PROCESSING"
          ? { at: "confirm", read: ocr_result }
          : { at: "result", status, reason: null };
      });
    },
    [session, step],
  );
  const onFace = useCallback(
    (selfie_image: Blob) => {
      if (!session) return;
      void step(async (key) => {
        const body = { verification_id: session.verificationId, selfie_image };
        const answer = await clientOf(session).uploadSelfie(body, { idempotencyKey: key });
        return { at: "result", status: answer.status, reason: answer.rejection_reason ?? null };
      });
    },
    [session, step],
  );
  const agree = () => {
    if (!session) return;
    void step(async () => {
      await clientOf(session).giveConsent({ version: CONSENT_VERSION, at: new Date().toISOString() });
      return { at: "card" };
    });
  };

  const cardWatch = useMemo(watchCard, []);
  const faceWatch = useMemo(() => (place.at === "face" ? watchFace() : async () => null), [place.at]);
  const number = { consent: 1, card: 2, confirm: 2, face: 3, result: 4, loading: 0, gone: 0 }[place.at];
  const titleProps = { ref: heading, tabIndex: -1 } as const;

  return (
    <div className="page">
      <header>
        <p className="brand">{words.title}</p>
        <button
          type="button"
          className="link"
          lang={language === "id" ? "en" : "id"}
          onClick={() => setLanguage(language === "id" ? "en" : "id")}
        >
          {words.language}
        </button>
      </header>
      {number > 0 && (
        <nav aria-label={words.stepOf(number, words.steps.length)}>
          <ol className="steps">
            {words.steps.map((name, i) => (
              <li
                key={name}
                aria-current={i + 1 === number ? "step" : undefined}
                className={i < number ? "done" : ""}
              >
                {name}
              </li>
            ))}
          </ol>
        </nav>
      )}
      <main aria-busy={busy !== null}>
        {place.at === "loading" && <p role="status">{words.loading}</p>}
        {place.at === "gone" && (
          <>
            <h1 {...titleProps}>{place.why === "link" ? words.linkGone : words.sessionGone}</h1>
            <p>{place.why === "link" ? words.linkGoneText : words.sessionGoneText}</p>
          </>
        )}
        {place.at === "consent" && (
          <>
            <h1 {...titleProps}>{words.consentTitle}</h1>
            <p>{words.consentText}</p>
            <ul>
              {words.consentPoints.map((point) => (
                <li key={point}>{point}</li>
              ))}
            </ul>
            <p className="tip">{words.consentNeeds}</p>
            <div className="actions">
              <button type="button" disabled={busy !== null} onClick={agree}>
                {words.consentAgree}
              </button>
            </div>
          </>
        )}
        {place.at === "card" && (
          <>
            <h1 {...titleProps}>{words.cardTitle}</h1>
            <p>{words.cardText}</p>
            <Told words={words} busy={busy} refusal={refusal} />
            <Shot
              key="card"
              words={words}
              kind="card"
              watch={cardWatch}
              overlay={<span className="frame" />}
              busy={busy !== null}
              onPicture={onCard}
            />
          </>
        )}
        {place.at === "confirm" && (
          <>
            <h1 {...titleProps}>{words.confirmTitle}</h1>
            <p>{words.confirmText}</p>
            <dl className="fields">
              {Object.entries(words.fields).map(([field, label]) => (
                <div key={field}>
                  <dt>{label}</dt>
                  <dd>{place.read[field as keyof Words["fields"]] ?? <em>{words.unread}</em>}</dd>
                </div>
              ))}
            </dl>
            <div className="actions">
              <button type="button" onClick={() => setPlace({ at: "face" })}>
                {words.confirmYes}
              </button>
            </div>
          </>
        )}
        {place.at === "face" && (
          <>
            <h1 {...titleProps}>{words.faceTitle}</h1>
            <p>{words.faceText}</p>
            <Told words={words} busy={busy} refusal={refusal} />
            <Shot
              key="face"
              words={words}
              kind="face"
              watch={faceWatch}
              overlay={<span className="oval" />}
              busy={busy !== null}
              onPicture={onFace}
            />
          </>
        )}
        {place.at === "result" && (
          <Result words={words} status={place.status} reason={place.reason} titleProps={titleProps}>
            {session?.successUrl && (
              <div className="actions">
                <a className="button" href={returnAddress(session.successUrl, session, place.status)}>
                  {words.back}
                </a>
              </div>
            )}
          </Result>
        )}
      </main>
      {session?.cancelUrl && place.at !== "result" && (
        <footer>
          <a href={returnAddress(session.cancelUrl, session, null)}>{words.cancel}</a>
        </footer>
      )}
    </div>
  );
}

/** What goes on, or what was wrong with the last picture. */
function Told({
  words,
  busy,
  refusal,
}: {
  readonly words: Words;
  readonly busy: "sending" | "offline" | "busy" | null;
  readonly refusal: Refusal | null;
}) {
  return (
    <div role="status" aria-live="assertive" className="told">
      {busy && <p className="notice">{words[busy]}</p>}
      {!busy && refusal && (
        <div className="notice bad">
          {refusal.lines.map((line) => (
            <p key={line}>{line}</p>
          ))}
          {refusal.attemptsLeft !== null && <p>{words.attemptsLeft(refusal.attemptsLeft)}</p>}
        </div>
      )}
    </div>
  );
}

const RESULTS = {
  VERIFIED: ["verified", "verifiedText", "good"],
  REJECTED: ["rejected", "rejectedText", "bad"],
  FAILED: ["failed", "failedText", "bad"],
  PROCESSING: ["waiting", "waitingText", ""],
  PENDING: ["waiting", "waitingText", ""],
  IN_REVIEW: ["review", "reviewText", ""],
} as const satisfies Record<Status, readonly [keyof Words, keyof Words, string]>;

function Result({
  words,
  status,
  reason,
  titleProps,
  children,
}: {
  readonly words: Words;
  readonly status: Status;
  readonly reason: string | null;
  readonly titleProps: object;
  readonly children: React.ReactNode;
}) {
  const [title, text, mood] = RESULTS[status];
  return (
    <div className={`result ${mood}`} data-status={status}>
      <h1 {...titleProps}>{words[title]}</h1>
      <p>{words[text]}</p>
      {status === "REJECTED" && reason && (
        <p lang="en" className="notice">
          {reason}
        </p>
      )}
      {children}
    </div>
  );
}

/** Where a person is who comes (back) to a verification. */
function placeOf(seen: {
  readonly status: Status;
  readonly consent: object | null;
  readonly ktp_ocr_result: KtpOcrResult | null;
  readonly liveness_result: object | null;
  readonly rejection_reason: string | null;
}): Place {
  if (seen.status === "PENDING") return { at: seen.consent === null ? "consent" : "card" };
  if (seen.status === "PROCESSING" && seen.ktp_ocr_result !== null && seen.liveness_result === null)
    return { at: "face" };
  return { at: "result", status: seen.status, reason: seen.rejection_reason };
}

function refusalOf(error: unknown, language: Language, words: Words): Refusal {
  if (!(error instanceof KycProblemError)) return { lines: [words.unforeseen], attemptsLeft: null };
  const { hints = [], attempts_left = null, detail } = error.problem;
  const lines = hints.map((hint) => hint[language]);
  return { lines: lines.length > 0 ? lines : [detail], attemptsLeft: attempts_left };
}

const LANGUAGE = "kyc-language";

/** Bahasa Indonesia first; English where the browser or the person asks for it. */
function useLanguage(): [Language, (language: Language) => void] {
  const [language, setLanguage] = useState<Language>(() => {
    const kept = sessionStorage.getItem(LANGUAGE);
    if (kept === "id" || kept === "en") return kept;
    return navigator.language.toLowerCase().startsWith("en") ? "en" : "id";
  });
  useEffect(() => {
    document.documentElement.lang = language;
    document.title = WORDS[language].title;
    sessionStorage.setItem(LANGUAGE, language);
  }, [language]);
  return [language, setLanguage];
}
