import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import {
  type KtpOcrResult,
  type KycClient,
  KycProblemError,
} from "../../../clients/typescript/src/client.ts";
import { LanguageSwitch } from "../LanguageSwitch.tsx";
import { type Language, useLanguage } from "../language.ts";
import { type Asked, Challenge } from "./Challenge.tsx";
import { Confirm } from "./Confirm.tsx";
import { Result, type Status } from "./Result.tsx";
import type { Frame } from "./recording.ts";
import { SamplePictures } from "./SamplePictures.tsx";
import { Shot } from "./Shot.tsx";
import { framesOf, isDemo, pictureOf, type Sample } from "./samples.ts";
import { sendUntilAnswered } from "./send.ts";
import { clientOf, openSession, returnAddress, type Session } from "./session.ts";
import { type Busy, type Refusal, refusalOf, Told } from "./Told.tsx";
import { watchCard } from "./watch-card.ts";
import { loadGuide, watchFace } from "./watch-face.ts";
import { WORDS } from "./words.ts";

/** Which text the person agrees to: the words of the consent step. */
const CONSENT_VERSION = "capture-2026-1";
const POLL_MS = 3000;

/** Where the person is. */
type Place =
  | { readonly at: "loading" }
  | { readonly at: "gone"; readonly why: "link" | "session" }
  | { readonly at: "consent" }
  | { readonly at: "card" }
  | { readonly at: "confirm"; readonly read: KtpOcrResult }
  | { readonly at: "face" }
  | {
      readonly at: "result";
      readonly status: Status;
      readonly reasons: readonly Readonly<Record<Language, string>>[];
    };

const TITLES = { id: WORDS.id.title, en: WORDS.en.title };

const isEnded = (error: unknown) => error instanceof KycProblemError && error.problem.status === 401;

export function App() {
  const [language, setLanguage] = useLanguage(TITLES);
  const words = WORDS[language];
  const [session, setSession] = useState<Session | null>(null);
  const [place, setPlace] = useState<Place>({ at: "loading" });
  const [busy, setBusy] = useState<Busy | null>(null);
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
          setRefusal(refusalOf(error));
          // The last attempt may have ended it, or another tab gone on: the service knows.
          if (session) await find(session).catch(() => undefined);
        }
      } finally {
        setBusy(null);
      }
    },
    [session, find],
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
          : placeOf(await clientOf(session).getVerification(session.verificationId));
      });
    },
    [session, step],
  );
  const onFace = useCallback(
    (selfie_image: Blob) => {
      if (!session) return;
      void step(async (key) => {
        const body = { verification_id: session.verificationId, selfie_image };
        const { status } = await clientOf(session).uploadSelfie(body, { idempotencyKey: key });
        return resultOf(session, status);
      });
    },
    [session, step],
  );
  const confirm = (note: string | null) => {
    if (!session) return;
    void step(async () => {
      if (note !== null) await clientOf(session).leaveNote({ text: note });
      return placeOf(await clientOf(session).getVerification(session.verificationId));
    });
  };
  const ask = async (): Promise<Asked | null> => {
    if (!session) return null;
    setRefusal(null);
    try {
      return await sendUntilAnswered(
        (key) => clientOf(session).askForChallenge(session.verificationId, { idempotencyKey: key }),
        setBusy,
      );
    } catch (error) {
      if (isEnded(error)) setPlace({ at: "gone", why: "session" });
      else {
        setRefusal(refusalOf(error));
        await find(session).catch(() => undefined);
      }
      return null;
    } finally {
      setBusy(null);
    }
  };
  const onFrames = ({ challenge_id, nonce }: Asked, frames: readonly Frame[]) => {
    if (!session) return;
    void step(async (key) => {
      const { verificationId: verification_id } = session;
      const body = {
        nonce,
        frames: frames.map(({ jpeg }) => jpeg),
        captured_at: frames.map(({ at }) => Math.round(at)),
      };
      await clientOf(session).sendFrames(verification_id, challenge_id, body, { idempotencyKey: key });
      // Its best frame is the selfie.
      const { status } = await clientOf(session).uploadSelfie({ verification_id }, { idempotencyKey: key });
      return resultOf(session, status);
    });
  };
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
  const sending =
    (onPicture: (picture: Blob) => void) =>
    (sample: Sample): void =>
      void pictureOf(sample).then(onPicture, () => undefined);
  const acting = async (sample: Sample) => {
    const asked = await ask();
    if (asked === null) return;
    setBusy("sending");
    try {
      onFrames(asked, await framesOf(sample, asked.actions));
    } catch (error) {
      setRefusal(refusalOf(error));
      setBusy(null);
    }
  };
  const samples = (kind: "card" | "face", onChoose: (sample: Sample) => void) =>
    isDemo() && (
      <SamplePictures
        language={language}
        kind={kind}
        title={words.samples}
        busy={busy !== null}
        onChoose={onChoose}
      />
    );
  const titleProps = { ref: heading, tabIndex: -1 } as const;

  return (
    <div className="page">
      <header>
        <p className="brand">{words.title}</p>
        <LanguageSwitch language={language} name={words.language} onChange={setLanguage} />
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
            <Told words={words} language={language} busy={busy} refusal={refusal} />
            <Shot
              key="card"
              words={words}
              kind="card"
              watch={cardWatch}
              overlay={<span className="frame" />}
              busy={busy !== null}
              onPicture={onCard}
            />
            {samples("card", sending(onCard))}
          </>
        )}
        {place.at === "confirm" && (
          <>
            <h1 {...titleProps}>{words.confirmTitle}</h1>
            <p>{words.confirmText}</p>
            <Told words={words} language={language} busy={busy} refusal={refusal} />
            <Confirm words={words} read={place.read} busy={busy !== null} onYes={confirm} />
          </>
        )}
        {place.at === "face" && session?.liveness === "active" && (
          <>
            <h1 {...titleProps}>{words.challengeTitle}</h1>
            <p>{words.challengeText}</p>
            <Told words={words} language={language} busy={busy} refusal={refusal} />
            <Challenge words={words} busy={busy !== null} ask={ask} onFrames={onFrames} />
            {samples("face", (sample) => void acting(sample))}
          </>
        )}
        {place.at === "face" && session?.liveness !== "active" && (
          <>
            <h1 {...titleProps}>{words.faceTitle}</h1>
            <p>{words.faceText}</p>
            <Told words={words} language={language} busy={busy} refusal={refusal} />
            <Shot
              key="face"
              words={words}
              kind="face"
              watch={faceWatch}
              overlay={<span className="oval" />}
              busy={busy !== null}
              onPicture={onFace}
            />
            {samples("face", sending(onFace))}
          </>
        )}
        {place.at === "result" && (
          <Result
            words={words}
            language={language}
            status={place.status}
            reasons={place.reasons}
            titleProps={titleProps}
          >
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

/** Where a person is who comes (back) to a verification. */
function placeOf(seen: Awaited<ReturnType<KycClient["getVerification"]>>): Place {
  if (seen.status === "PENDING") return { at: seen.consent === null ? "consent" : "card" };
  const selfieNext = seen.verification_type === "FULL_KYC" && seen.liveness_result === null;
  if (seen.status === "PROCESSING" && selfieNext) return { at: "face" };
  return { at: "result", status: seen.status, reasons: seen.rejection_reasons };
}

/** Why somebody was not VERIFIED is told by the verification itself. */
async function resultOf(session: Session, status: Status): Promise<Place> {
  if (status === "VERIFIED") return { at: "result", status, reasons: [] };
  return placeOf(await clientOf(session).getVerification(session.verificationId));
}
