import type { Language } from "../language.ts";
import { addressOf, SAMPLES, type Sample } from "./samples.ts";

interface SamplePicturesProps {
  readonly language: Language;
  readonly kind: "card" | "face";
  readonly title: string;
  readonly busy: boolean;
  onChoose(sample: Sample): void;
}

/** On the demo page's visits only: sample people and cards, to be taken in place of what a camera shows. */
export function SamplePictures({ language, kind, title, busy, onChoose }: SamplePicturesProps) {
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
            onClick={() => onChoose(sample)}
          >
            <img src={addressOf(sample)} alt="" />
            {sample[language]}
          </button>
        ))}
      </div>
    </section>
  );
}
