import type { Language } from "../language.ts";
import { addressOf, SAMPLES } from "./samples.ts";

interface SamplePicturesProps {
  readonly language: Language;
  readonly kind: "card" | "face";
  readonly title: string;
  readonly busy: boolean;
  onPicture(picture: Blob): void;
}

/** On the demo page's visits only: sample pictures to be sent in place of a photograph. */
export function SamplePictures({ language, kind, title, busy, onPicture }: SamplePicturesProps) {
  const send = async (address: string) => {
    const response = await fetch(address);
    if (response.ok) onPicture(await response.blob());
  };
  return (
    <section className="samples" aria-label={title}>
      <h2>{title}</h2>
      <div>
        {SAMPLES[kind].map((sample) => (
          <button
            key={sample.file}
            type="button"
            className="quiet"
            disabled={busy}
            onClick={() => void send(addressOf(sample))}
          >
            <img src={addressOf(sample)} alt="" />
            {sample[language]}
          </button>
        ))}
      </div>
    </section>
  );
}
