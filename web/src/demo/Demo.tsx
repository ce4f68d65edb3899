import { useState } from "react";
import { addressOf, beginDemo, SAMPLES } from "../capture/samples.ts";
import { LanguageSwitch } from "../LanguageSwitch.tsx";
import { useLanguage } from "../language.ts";

const ID = {
  title: "Demo verifikasi",
  language: "English",
  text: "Cobalah halaman verifikasi dengan kamera Anda, atau dengan kartu dan wajah contoh ini. Semua orang di sini karangan.",
  start: "Mulai verifikasi",
  starting: "Memulai…",
  failed: "Verifikasi tidak dapat dimulai. Coba lagi sebentar.",
  cards: "Kartu contoh",
  faces: "Wajah contoh",
  ended: "Verifikasi terakhir",
  cancelled: "dibatalkan",
};
const EN: typeof ID = {
  title: "Verification demo",
  language: "Bahasa Indonesia",
  text: "Try the verification page with your camera, or with these sample cards and faces. Everybody here is invented.",
  start: "Begin a verification",
  starting: "Beginning…",
  failed: "The verification could not be begun. Try again in a moment.",
  cards: "Sample cards",
  faces: "Sample faces",
  ended: "Last verification",
  cancelled: "cancelled",
};
const WORDS = { id: ID, en: EN };
const TITLES = { id: ID.title, en: EN.title };

/** Begins a verification of an invented person, sends the visitor to the capture page, and shows how it ended. */
export function Demo() {
  const [language, setLanguage] = useLanguage(TITLES);
  const [state, setState] = useState<"idle" | "starting" | "failed">("idle");
  const words = WORDS[language];
  const back = new URLSearchParams(location.search);
  const start = async () => {
    setState("starting");
    try {
      const response = await fetch("/demo/start", { method: "POST" });
      const { capture_url } = (await response.json()) as { capture_url: string };
      beginDemo();
      location.assign(new URL(capture_url));
    } catch {
      setState("failed");
    }
  };
  return (
    <div className="page">
      <header>
        <p className="brand">PayU KYC</p>
        <LanguageSwitch language={language} name={words.language} onChange={setLanguage} />
      </header>
      <main>
        <h1>{words.title}</h1>
        <p>{words.text}</p>
        {back.has("verification_id") && (
          <p className="notice" role="status">
            {words.ended}: <strong>{back.get("status") ?? words.cancelled}</strong>
          </p>
        )}
        <div className="actions">
          <button type="button" disabled={state === "starting"} onClick={() => void start()}>
            {state === "starting" ? words.starting : words.start}
          </button>
        </div>
        {state === "failed" && (
          <p className="notice bad" role="alert">
            {words.failed}
          </p>
        )}
        {(["card", "face"] as const).map((kind) => (
          <section key={kind}>
            <h2>{kind === "card" ? words.cards : words.faces}</h2>
            <ul className="stories">
              {SAMPLES[kind].map((sample) => (
                <li key={sample.file}>
                  <img src={addressOf(sample)} alt="" />
                  {sample[language]}
                </li>
              ))}
            </ul>
          </section>
        ))}
      </main>
    </div>
  );
}
