/** A sample picture that the demo page offers in place of a camera. */
export interface Sample {
  readonly file: string;
  readonly id: string;
  readonly en: string;
}

/** What the demo page shows, and the steps for which the capture page offers it. */
export const SAMPLES: Readonly<Record<"card" | "face", readonly Sample[]>> = {
  card: [
    { file: "ktp.jpg", id: "KTP yang sah", en: "A good KTP" },
    { file: "blocked-ktp.jpg", id: "KTP yang diblokir", en: "A blocked citizen's KTP" },
    { file: "not-a-ktp.jpg", id: "Bukan KTP", en: "No KTP" },
  ],
  face: [
    { file: "selfie.jpg", id: "Pemilik KTP yang sah", en: "The good KTP's holder" },
    { file: "blocked-selfie.jpg", id: "Pemilik KTP yang diblokir", en: "The blocked citizen" },
    { file: "other-person-selfie.jpg", id: "Orang lain", en: "Somebody else" },
  ],
};

const DEMO = "kyc-demo";
/** Whether this tab was sent here by the demo page. */
export const isDemo = (): boolean => sessionStorage.getItem(DEMO) !== null;
export const beginDemo = (): void => sessionStorage.setItem(DEMO, "yes");
export const addressOf = ({ file }: Sample): string => `/demo/samples/${file}`;
