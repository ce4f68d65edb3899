/** Plain facts that pixels gave, in the words of the wire: these objects go to callers and into the database as they are. */

/** An upright box in pixels of the upright picture that was sent (EXIF applied). */
export type FactBox = readonly [x: number, y: number, width: number, height: number];

/** What a person can do better with the next photograph. Sentences for each, in two languages: `hints.ts`. */
export type Hint =
  | "not_a_ktp"
  | "ktp_back"
  | "driving_licence"
  | "passport"
  | "tax_card"
  | "family_card"
  | "child_card"
  | "bank_card"
  | "other_card"
  | "receipt"
  | "face_not_card"
  | "no_card"
  | "two_cards"
  | "unreadable"
  | "blurred"
  | "too_dark"
  | "too_bright"
  | "glare"
  | "cropped"
  | "cropped_left"
  | "cropped_right"
  | "cropped_top"
  | "cropped_bottom"
  | "too_small"
  | "rotated"
  | "screen_capture"
  | "photocopy"
  | "no_portrait"
  | "portrait_too_small"
  | "portrait_unclear"
  | "no_face"
  | "several_faces"
  | "face_too_small"
  | "face_turned"
  | "face_covered"
  | "sunglasses"
  | "mask"
  | "eyes_closed"
  | "face_lost"
  | "action_not_seen"
  | "moved_too_fast"
  | "moved_too_slowly"
  | "recording_broken"
  | "not_live"
  | "another_face";

/** The fields of a KTP, in the order in which they stand on it. */
export const KTP_FIELDS = [
  "province",
  "city",
  "nik",
  "name",
  "birth_place",
  "birth_date",
  "gender",
  "blood_type",
  "address",
  "rt_rw",
  "village",
  "district",
  "religion",
  "marital_status",
  "occupation",
  "nationality",
  "valid_until",
] as const;
export type KtpField = (typeof KTP_FIELDS)[number];

export interface KtpFieldFact {
  /** The value as said in the result, or null where it could not be read. */
  readonly value: string | null;
  /** What the networks read, before any correction; null where nothing stood there. */
  readonly raw: string | null;
  /** 0..1: how sure it is that `value` is exact. */
  readonly confidence: number;
  readonly box: FactBox | null;
  /** Where the value comes from: read as it is, mended by the NIK, or corrected to the ministry's list. */
  readonly source: "ocr" | "nik" | "gazetteer";
}

export interface KtpCheck {
  /** e.g. `nik_structure`, `nik_province`, `nik_birth_date`, `nik_gender`, `region_city`, `closed_list_religion`. */
  readonly name: string;
  readonly ok: boolean;
  /** Says what disagreed without repeating personal data. */
  readonly detail: string;
  /** 0..1: how much it speaks for tampering where it is not ok; absent from what tells nothing of it. */
  readonly weight?: number;
}

/** How much speaks for a card's, or its photograph's, having been altered. Evidence, no verdict. */
export interface Tampering {
  /** 0..1: the sum of the weights of the signs, 1 at most. */
  readonly weight: number;
  /** The checks with a weight that are not ok. */
  readonly signs: readonly string[];
}

/** The contract's KtpOcrResult. */
export interface KtpOcrResult extends Readonly<Record<KtpField, string | null>> {
  /** 0..1: how sure the reading is as a whole. */
  readonly confidence: number;
  readonly fields: Readonly<Record<KtpField, KtpFieldFact>>;
  readonly checks: readonly KtpCheck[];
  /** Absent from what was stored before it was looked for. */
  readonly tampering?: Tampering;
  /** How the card was photographed: measured where it is, or where text is, or on the whole picture. */
  readonly quality: KtpQuality;
}

/** How a card was photographed: each measure with its unit, taken on the card, whatever the photograph's size. */
export interface KtpQuality {
  /** Mean luma of the card, 0 black .. 255 white. */
  readonly luma: number;
  /**
   * Deviation in millimetres on the card of the Gaussian that its print is blurred by, be it focus or motion, the
   * larger of along and across its lines: 0.07 to 0.12 in a sharp photograph, where it is the print's own.
   */
  readonly blur: number;
  /** Share 0..1 of the card in the largest patch that a light burnt out. */
  readonly glare: number;
  /** Where that patch is; null where there is none. */
  readonly glare_box: FactBox | null;
  /** How much the card's colours differ: deviation of chromaticity in hundredths; next to none in a grey copy. */
  readonly colour: number;
  /** Decibels by which the strongest coloured stripes stand out: a screen's moiré. */
  readonly pattern: number;
  /** Share 0..1 of the card that is as light and blue as a KTP's ground. */
  readonly ground: number;
  /** Share 0..1 of the card that lies outside of the photograph. */
  readonly outside: number;
  /** Degrees by which the card is turned clockwise, −180 .. 180. */
  readonly rotation: number;
  /** Pixels of the photograph in the card's width. */
  readonly card_pixels: number;
  /** Mean certainty of the letters, 0..1. */
  readonly legibility: number;
}

/** Parts of a card, rectified, as JPEG. */
export interface KtpCrops {
  readonly portrait: Uint8Array;
  readonly signature: Uint8Array;
}

/** Where a card and its fields lie in a photograph, each from its own upper left corner on. */
export interface KtpOutline {
  readonly card: import("./geometry.ts").Quad;
  readonly fields: Readonly<Partial<Record<KtpField, import("./geometry.ts").Quad>>>;
}

/** What the reader says of one photograph of a card. */
export interface KtpReading {
  readonly result: KtpOcrResult;
  /** 0..1: how much the picture looks like the front of a KTP (headline, labels, NIK line). */
  readonly ktpScore: number;
  /** What is wrong with the picture; empty where nothing is. Advice, the decision is the policy's. */
  readonly hints: readonly Hint[];
  /** Null where the grid of a card's print was not found. */
  readonly outline: KtpOutline | null;
  /** Wall time by stage, e.g. `detect`, `recognise`, `understand`. */
  readonly milliseconds: Readonly<Record<string, number>>;
}

/** How fit a face is to be compared. Each 0 (useless) .. 1 (as good as it needs to be). */
export interface FaceQuality {
  /** All together: the weakest counts most. */
  readonly score: number;
  readonly size: number;
  readonly sharpness: number;
  readonly exposure: number;
  readonly pose: number;
  readonly occlusion: number;
}

export interface HeadPose {
  /** Degrees; positive where the person turns to their own left (to the right in the picture). */
  readonly yaw: number;
  /** Degrees; positive where the person looks up. */
  readonly pitch: number;
  /** Degrees; positive where the head leans clockwise in the picture. */
  readonly roll: number;
}

/** The contract's LivenessResult. */
export interface LivenessResult {
  readonly is_live: boolean;
  /** 0..1: that a living person stood before the camera. */
  readonly confidence: number;
  readonly face_detected: boolean;
  readonly face_quality_score: number;
  readonly details: {
    /** 0 shut .. 1 wide open, the lesser of both eyes. */
    readonly eye_openness: number | null;
    /** 0 closed .. 1 wide open. */
    readonly mouth_movement: number | null;
    readonly head_pose: HeadPose | null;
    /** 0..1: how much the cheeks' fine structure is that of skin before a lens. */
    readonly skin_texture: number | null;
    /** 0..1: probability of "real" from the spoofing networks. */
    readonly spoof_score: number | null;
    /** Which pack gave `spoof_score`. */
    readonly model: "minifasnet" | "baseline";
    /** False for the baseline: its score is shown and may not decide. */
    readonly model_decides: boolean;
    readonly [more: string]: unknown;
  };
}

/** The contract's FaceMatchResult. */
export interface FaceMatchResult {
  readonly is_match: boolean;
  /** Cosine −1..1, or null where one of the faces is missing. */
  readonly similarity_score: number | null;
  readonly threshold: number;
  readonly ktp_face_found: boolean;
  readonly selfie_face_found: boolean;
}

/** One face made comparable. */
export interface FaceFacts {
  /** In the picture that was judged. */
  readonly box: FactBox;
  /** Detector's score 0..1. */
  readonly score: number;
  readonly quality: FaceQuality;
  readonly pose: HeadPose;
  readonly eyeOpenness: number;
  readonly mouthOpenness: number;
  /** What seems to cover it; null where nothing does, or something else (`quality.occlusion` tells of that). */
  readonly covered: "sunglasses" | "mask" | null;
  /** Unit length. */
  readonly embedding: Float32Array;
}

/** What a KTP photograph gave: the reading, and the portrait's face where there is one. */
export interface KtpReport extends KtpReading {
  readonly portrait: FaceFacts | null;
  /** Portrait and signature; null where the picture is not taken for a KTP or the card's place is not known. */
  readonly crops: KtpCrops | null;
}

/** What a selfie gave. `face` is the one large face, null where there is none or where there are several. */
export interface SelfieReport {
  readonly face: FaceFacts | null;
  /** Faces large enough to be a second person before the camera. */
  readonly faces: number;
  readonly liveness: LivenessResult;
  readonly hints: readonly Hint[];
  readonly milliseconds: Readonly<Record<string, number>>;
}
