import { type FormEvent, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { KycClient, KycProblemError } from "../../../clients/typescript/src/client.ts";
import { LanguageSwitch } from "../LanguageSwitch.tsx";
import { useLanguage } from "../language.ts";
import { DeskContext, placeOf } from "./desk.ts";
import { Queue } from "./Queue.tsx";
import { Statistics } from "./Statistics.tsx";
import { Verification } from "./Verification.tsx";
import { WORDS, type Words } from "./words.ts";

const TITLES = { id: WORDS.id.title, en: WORDS.en.title };

/** Who is signed in. Held by this page alone: in no storage, cookie or address. */
interface Session {
  readonly token: string;
  readonly subject: string;
}

/** Whom a token is for, so that the page can say it; the service alone judges it. */
function subjectOf(token: string): string | null {
  try {
    const payload = token.split(".")[1]?.replaceAll("-", "+").replaceAll("_", "/") ?? "";
    const bytes = Uint8Array.from(atob(payload), (character) => character.charCodeAt(0));
    const { sub } = JSON.parse(new TextDecoder().decode(bytes)) as { sub?: unknown };
    return typeof sub === "string" ? sub : null;
  } catch {
    return null;
  }
}

export function App() {
  const [language, setLanguage] = useLanguage(TITLES);
  const words = WORDS[language];
  const [session, setSession] = useState<Session | null>(null);
  const [ended, setEnded] = useState(false);
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = () => setHash(location.hash);
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  const leave = useCallback((why?: "ended") => {
    setSession(null);
    setEnded(why === "ended");
  }, []);
  const client = useMemo(() => session && new KycClient({ token: session.token }), [session]);
  const place = placeOf(hash);

  return (
    <>
      <button type="button" className="skip" onClick={() => document.getElementById("main")?.focus()}>
        {words.skip}
      </button>
      <header>
        <p className="brand">{words.title}</p>
        {session && (
          <nav aria-label={words.sections}>
            <a href="#queue" aria-current={place.at === "queue" ? "page" : undefined}>
              {words.queue}
            </a>
            <a href="#statistics" aria-current={place.at === "statistics" ? "page" : undefined}>
              {words.statistics}
            </a>
          </nav>
        )}
        <div className="who">
          {session && (
            <>
              <span className="soft">
                {words.signedInAs} <strong>{session.subject}</strong>
              </span>
              <button type="button" className="link" onClick={() => leave()}>
                {words.signOut}
              </button>
            </>
          )}
          <LanguageSwitch language={language} name={words.language} onChange={setLanguage} />
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {session === null || client === null ? (
          <SignIn words={words} ended={ended} onSession={setSession} />
        ) : (
          <DeskContext value={{ client, me: session.subject, words, language, leave }}>
            {place.at === "queue" && <Queue />}
            {place.at === "statistics" && <Statistics />}
            {place.at === "verification" && <Verification key={place.id} id={place.id} />}
          </DeskContext>
        )}
      </main>
    </>
  );
}

function SignIn({
  words,
  ended,
  onSession,
}: {
  words: Words;
  ended: boolean;
  onSession: (session: Session) => void;
}) {
  const field = useRef<HTMLInputElement>(null);
  const [wrong, setWrong] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const token = field.current?.value.trim().replace(/^Bearer\s+/i, "") ?? "";
    const subject = subjectOf(token);
    if (subject === null) return setWrong(words.tokenBad);
    setBusy(true);
    try {
      await new KycClient({ token }).listReviews({ limit: 1 });
      onSession({ token, subject });
    } catch (error) {
      const problem = error instanceof KycProblemError ? error.problem : null;
      setWrong(problem === null ? words.offline : problem.status === 403 ? words.tokenScope : problem.detail);
      setBusy(false);
    }
  };
  return (
    <form className="sign-in panel" onSubmit={(event) => void submit(event)}>
      <h1>{words.signIn}</h1>
      {ended && <p role="status">{words.ended}</p>}
      <p className="soft" id="token-hint">
        {words.signInText}
      </p>
      <label htmlFor="token">{words.token}</label>
      <input
        id="token"
        ref={field}
        type="password"
        autoComplete="off"
        spellCheck={false}
        required
        aria-describedby="token-hint token-wrong"
        aria-invalid={wrong !== null}
      />
      <p id="token-wrong" className="wrong" role="alert">
        {wrong}
      </p>
      <button type="submit" disabled={busy}>
        {words.signIn}
      </button>
    </form>
  );
}
