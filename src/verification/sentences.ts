/** What a person is told, in Bahasa Indonesia and English. */
export interface Spoken {
  readonly id: string;
  readonly en: string;
}

/**
 * Why a verification was not VERIFIED: what `rejection_reason` is made of. The English is what is stored and told in
 * events; `{attempts}` stands for a number.
 */
export const SENTENCES = {
  used_up_ktp: {
    en: "No usable KTP photograph was received in {attempts} attempts.",
    id: "Tidak ada foto KTP yang dapat dipakai setelah {attempts} kali percobaan.",
  },
  used_up_selfie: {
    en: "No usable selfie photograph was received in {attempts} attempts.",
    id: "Tidak ada foto wajah yang dapat dipakai setelah {attempts} kali percobaan.",
  },
  used_up_liveness: {
    en: "No liveness challenge was passed in {attempts} attempts.",
    id: "Pemeriksaan gerakan wajah tidak berhasil setelah {attempts} kali percobaan.",
  },
  liveness: {
    en: "The selfie does not show a living person before the camera.",
    id: "Foto wajah tidak menunjukkan orang yang hadir langsung di depan kamera.",
  },
  face_match: {
    en: "The face in the selfie does not match the portrait on the KTP.",
    id: "Wajah pada foto tidak cocok dengan pasfoto pada KTP.",
  },
  registry_blocked: {
    en: "The civil registry has blocked this NIK.",
    id: "NIK ini diblokir oleh Dukcapil.",
  },
  registry_deceased: {
    en: "The civil registry reports the holder of this NIK as deceased.",
    id: "Menurut Dukcapil, pemilik NIK ini telah meninggal dunia.",
  },
  registry_invalid: {
    en: "The civil registry reports this NIK as invalid.",
    id: "Menurut Dukcapil, NIK ini tidak sah.",
  },
  registry_not_found: {
    en: "The civil registry does not know this NIK.",
    id: "NIK ini tidak terdaftar di Dukcapil.",
  },
  registry_particulars: {
    en: "The particulars on the KTP do not agree with the civil registry's.",
    id: "Data pada KTP tidak sesuai dengan data Dukcapil.",
  },
  registry_unanswered: {
    en: "The civil registry gave no verdict in time. Please start again.",
    id: "Dukcapil tidak menjawab pada waktunya. Silakan mulai lagi.",
  },
  registry_unclear: {
    en: "The civil registry's answer could not be understood.",
    id: "Jawaban Dukcapil tidak dapat dipahami.",
  },
  undecided: {
    en: "Liveness could not be decided: the strong spoofing networks are not installed.",
    id: "Kehadiran langsung tidak dapat dipastikan: layanan ini belum lengkap.",
  },
  duplicate_nik: {
    en: "This NIK has already been verified for another user.",
    id: "NIK ini sudah diverifikasi untuk pengguna lain.",
  },
  duplicate_face: {
    en: "This face has already been verified for another user.",
    id: "Wajah ini sudah diverifikasi untuk pengguna lain.",
  },
  review_card_forged: {
    en: "A reviewer found that the KTP is not a genuine card.",
    id: "Pemeriksa menilai KTP ini bukan kartu asli.",
  },
  review_card_unreadable: {
    en: "A reviewer could not read the KTP.",
    id: "Pemeriksa tidak dapat membaca KTP.",
  },
  review_face_differs: {
    en: "A reviewer found that the selfie and the KTP do not show the same person.",
    id: "Pemeriksa menilai foto wajah dan KTP bukan orang yang sama.",
  },
  review_not_live: {
    en: "A reviewer found that the selfie was not taken of a person before the camera.",
    id: "Pemeriksa menilai foto wajah tidak diambil langsung dari orangnya.",
  },
  review_registry_disagrees: {
    en: "A reviewer found that the KTP does not agree with the civil registry.",
    id: "Pemeriksa menilai KTP tidak sesuai dengan data Dukcapil.",
  },
  review_duplicate: {
    en: "A reviewer found that this person is verified for another user.",
    id: "Pemeriksa menilai orang ini sudah diverifikasi untuk pengguna lain.",
  },
  review_fraud: {
    en: "A reviewer refused this verification on suspicion of fraud.",
    id: "Pemeriksa menolak verifikasi ini karena dugaan penipuan.",
  },
  review_other: {
    en: "A reviewer refused this verification.",
    id: "Pemeriksa menolak verifikasi ini.",
  },
} as const satisfies Record<string, Spoken>;

/** Why a reviewer may reject, by code: each has its sentence under `review_…`. */
export const REJECTIONS = [
  "card_forged",
  "card_unreadable",
  "face_differs",
  "not_live",
  "registry_disagrees",
  "duplicate",
  "fraud",
  "other",
] as const;
export type Rejection = (typeof REJECTIONS)[number];

/** What a verification ends with where a step was refused too often. */
export const usedUp = (step: "ktp" | "selfie" | "liveness", attempts: number): string =>
  SENTENCES[`used_up_${step}`].en.replace("{attempts}", String(attempts));

const KNOWN = Object.values(SENTENCES).map(({ en, id }) => ({
  pattern: new RegExp(en.replaceAll(".", "\\.").replace("{attempts}", "(\\d+)")),
  id,
}));

/**
 * The sentences of a stored `rejection_reason` in both languages, in their order. What the service does not know, such
 * as the replaced service's own words, is left out.
 */
export function spokenReasons(reason: string | null): readonly Spoken[] {
  if (reason === null) return [];
  return KNOWN.flatMap(({ pattern, id }) => {
    const match = pattern.exec(reason);
    if (!match) return [];
    return [{ at: match.index, id: id.replace("{attempts}", match[1] ?? ""), en: match[0] }];
  })
    .toSorted((a, b) => a.at - b.at)
    .map(({ id, en }) => ({ id, en }));
}
