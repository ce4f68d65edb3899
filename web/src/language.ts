import { useEffect, useState } from "react";

export type Language = "id" | "en";

const LANGUAGE = "kyc-language";

/**
 * Bahasa Indonesia first; English where the browser or the person asks for it.
 * @param titles  the document's title
 */
export function useLanguage(
  titles: Readonly<Record<Language, string>>,
): [Language, (language: Language) => void] {
  const [language, setLanguage] = useState<Language>(() => {
    const kept = sessionStorage.getItem(LANGUAGE);
    if (kept === "id" || kept === "en") return kept;
    return navigator.language.toLowerCase().startsWith("en") ? "en" : "id";
  });
  useEffect(() => {
    document.documentElement.lang = language;
    document.title = titles[language];
    sessionStorage.setItem(LANGUAGE, language);
  }, [language, titles]);
  return [language, setLanguage];
}
