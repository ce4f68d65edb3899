import type { Language } from "./language.ts";

/** Offers the other language, in that language. @param name  its name for itself */
export function LanguageSwitch({
  language,
  name,
  onChange,
}: {
  readonly language: Language;
  readonly name: string;
  readonly onChange: (language: Language) => void;
}) {
  const other = language === "id" ? "en" : "id";
  return (
    <button type="button" className="link" lang={other} onClick={() => onChange(other)}>
      {name}
    </button>
  );
}
