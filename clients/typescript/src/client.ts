// Made from the service's own OpenAPI document by `npm run client`. Not to be edited by hand.

/** A client of the PayU KYC Service. */
export interface ClientOptions {
  /** Where the service is, e.g. `https://kyc.example`; nothing: where the page came from. */
  readonly baseUrl?: string;
  /** The bearer token, or how to get one. */
  readonly token?: string | (() => string | Promise<string>);
  /** In place of the global one. */
  readonly fetch?: typeof fetch;
}

/** What the service refused, and why (RFC 9457). */
export class KycProblemError extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail);
    this.name = "KycProblemError";
    this.problem = problem;
  }
}

/** Of one call. */
export interface RequestOptions {
  /** The same key and body get the same answer again, for 24 hours. */
  readonly idempotencyKey?: string;
}

interface Sent extends RequestOptions {
  readonly json?: object;
  readonly form?: object;
  readonly query?: object;
  /** Whether 202 and an upload to come back to are preferred to waiting. */
  readonly later?: boolean;
}

export interface KtpOcrResult {
  readonly province: string | null;
  readonly city: string | null;
  readonly nik: string | null;
  readonly name: string | null;
  readonly birth_place: string | null;
  readonly birth_date: string | null;
  readonly gender: string | null;
  readonly blood_type: string | null;
  readonly address: string | null;
  readonly rt_rw: string | null;
  readonly village: string | null;
  readonly district: string | null;
  readonly religion: string | null;
  readonly marital_status: string | null;
  readonly occupation: string | null;
  readonly nationality: string | null;
  readonly valid_until: string | null;
  /** how sure the reading is as a whole */
  readonly confidence: number;
  readonly fields: {
    readonly province: {
      readonly value: string | null;
      readonly raw: string | null;
      /** how sure it is that the value is exact */
      readonly confidence: number;
      readonly box: readonly (number)[] | null;
      readonly source: "ocr" | "nik" | "gazetteer";
    };
    readonly city: {
      readonly value: string | null;
      readonly raw: string | null;
      /** how sure it is that the value is exact */
      readonly confidence: number;
      readonly box: readonly (number)[] | null;
      readonly source: "ocr" | "nik" | "gazetteer";
    };
    readonly nik: {
      readonly value: string | null;
      readonly raw: string | null;
      /** how sure it is that the value is exact */
      readonly confidence: number;
      readonly box: readonly (number)[] | null;
      readonly source: "ocr" | "nik" | "gazetteer";
    };
    readonly name: {
      readonly value: string | null;
      readonly raw: string | null;
      /** how sure it is that the value is exact */
      readonly confidence: number;
      readonly box: readonly (number)[] | null;
      readonly source: "ocr" | "nik" | "gazetteer";
    };
    readonly birth_place: {
      readonly value: string | null;
      readonly raw: string | null;
      /** how sure it is that the value is exact */
      readonly confidence: number;
      readonly box: readonly (number)[] | null;
      readonly source: "ocr" | "nik" | "gazetteer";
    };
    readonly birth_date: {
      readonly value: string | null;
      readonly raw: string | null;
      /** how sure it is that the value is exact */
      readonly confidence: number;
      readonly box: readonly (number)[] | null;
      readonly source: "ocr" | "nik" | "gazetteer";
    };
    readonly gender: {
      readonly value: string | null;
      readonly raw: string | null;
      /** how sure it is that the value is exact */
      readonly confidence: number;
      readonly box: readonly (number)[] | null;
      readonly source: "ocr" | "nik" | "gazetteer";
    };
    readonly blood_type: {
      readonly value: string | null;
      readonly raw: string | null;
      /** how sure it is that the value is exact */
      readonly confidence: number;
      readonly box: readonly (number)[] | null;
      readonly source: "ocr" | "nik" | "gazetteer";
    };
    readonly address: {
      readonly value: string | null;
      readonly raw: string | null;
      /** how sure it is that the value is exact */
      readonly confidence: number;
      readonly box: readonly (number)[] | null;
      readonly source: "ocr" | "nik" | "gazetteer";
    };
    readonly rt_rw: {
      readonly value: string | null;
      readonly raw: string | null;
      /** how sure it is that the value is exact */
      readonly confidence: number;
      readonly box: readonly (number)[] | null;
      readonly source: "ocr" | "nik" | "gazetteer";
    };
    readonly village: {
      readonly value: string | null;
      readonly raw: string | null;
      /** how sure it is that the value is exact */
      readonly confidence: number;
      readonly box: readonly (number)[] | null;
      readonly source: "ocr" | "nik" | "gazetteer";
    };
    readonly district: {
      readonly value: string | null;
      readonly raw: string | null;
      /** how sure it is that the value is exact */
      readonly confidence: number;
      readonly box: readonly (number)[] | null;
      readonly source: "ocr" | "nik" | "gazetteer";
    };
    readonly religion: {
      readonly value: string | null;
      readonly raw: string | null;
      /** how sure it is that the value is exact */
      readonly confidence: number;
      readonly box: readonly (number)[] | null;
      readonly source: "ocr" | "nik" | "gazetteer";
    };
    readonly marital_status: {
      readonly value: string | null;
      readonly raw: string | null;
      /** how sure it is that the value is exact */
      readonly confidence: number;
      readonly box: readonly (number)[] | null;
      readonly source: "ocr" | "nik" | "gazetteer";
    };
    readonly occupation: {
      readonly value: string | null;
      readonly raw: string | null;
      /** how sure it is that the value is exact */
      readonly confidence: number;
      readonly box: readonly (number)[] | null;
      readonly source: "ocr" | "nik" | "gazetteer";
    };
    readonly nationality: {
      readonly value: string | null;
      readonly raw: string | null;
      /** how sure it is that the value is exact */
      readonly confidence: number;
      readonly box: readonly (number)[] | null;
      readonly source: "ocr" | "nik" | "gazetteer";
    };
    readonly valid_until: {
      readonly value: string | null;
      readonly raw: string | null;
      /** how sure it is that the value is exact */
      readonly confidence: number;
      readonly box: readonly (number)[] | null;
      readonly source: "ocr" | "nik" | "gazetteer";
    };
  };
  readonly checks: readonly ({
    readonly name: string;
    readonly ok: boolean;
    readonly detail: string;
    /** how much it speaks for tampering where it is not ok */
    readonly weight?: number;
  })[];
  readonly tampering?: {
    /** how much speaks for the card's having been altered */
    readonly weight: number;
    readonly signs: readonly (string)[];
  };
  readonly quality: {
    readonly glare_box?: readonly (number)[] | null;
  };
}

export interface LivenessResult {
  readonly is_live: boolean;
  /** that a living person stood before the camera */
  readonly confidence: number;
  readonly face_detected: boolean;
  /** how fit the face is to be compared */
  readonly face_quality_score: number;
  readonly details: {
    readonly eye_openness: number | null;
    readonly mouth_movement: number | null;
    readonly head_pose: {
      readonly yaw: number;
      readonly pitch: number;
      readonly roll: number;
    } | null;
    readonly skin_texture: number | null;
    readonly spoof_score: number | null;
    /** which spoofing networks gave spoof_score */
    readonly model: string;
  };
}

export interface FaceMatchResult {
  readonly is_match: boolean;
  readonly similarity_score: number | null;
  readonly threshold: number;
  readonly ktp_face_found: boolean;
  readonly selfie_face_found: boolean;
}

export interface DukcapilResult {
  readonly nik: string;
  readonly is_valid: boolean;
  readonly name: string | null;
  readonly birth_date: string | null;
  readonly gender: "LAKI-LAKI" | "PEREMPUAN" | null;
  readonly status: "VALID" | "BLOCKED" | "INVALID" | "DECEASED" | "NOT_FOUND" | "PENDING" | "ERROR";
  readonly match_score: number | null;
  readonly notes: string | null;
}

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly error_code: string;
  /** RFC 3339, UTC */
  readonly timestamp: string;
  readonly request_id: string;
  readonly errors?: readonly ({
    readonly field: string;
    readonly message: string;
  })[];
  /** what the person at the phone can do better, in Bahasa Indonesia and English */
  readonly hints?: readonly ({
    readonly code: string;
    readonly id: string;
    readonly en: string;
  })[];
  readonly attempts_left?: number;
  /** seconds, as in Retry-After */
  readonly retry_after?: number;
}

/** One method an operation; every refusal is a {@link KycProblemError}. */
export class KycClient {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions = {}) {
    this.#options = options;
  }

  /** Whether the process lives. */
  health(): Promise<{
    readonly status: "healthy";
    readonly service: string;
    readonly version: string;
  }> {
    return this.#send("GET", `/health`);
  }

  /** Whether it can take verifications: 503 names what is not usable. */
  ready(): Promise<{
    readonly status: "ready" | "not_ready";
    readonly checks: Readonly<Record<string, {
      readonly ok: boolean;
      readonly note?: string;
    }>>;
  }> {
    return this.#send("GET", `/ready`);
  }

  /** Measurements in Prometheus' text format. */
  metrics(): Promise<unknown> {
    return this.#send("GET", `/metrics`);
  }

  /** Exchange a link's code for the page's session, once. */
  openCapture(body: {
    readonly code: string;
  }): Promise<{
    /** Bearer token for this verification, kept by the page alone. */
    readonly session: string;
    readonly verification_id: string;
    readonly success_url: string | null;
    readonly cancel_url: string | null;
    /** active: a liveness challenge is demanded before the selfie */
    readonly liveness: "passive" | "active";
    /** RFC 3339, UTC */
    readonly expires_at: string;
  }> {
    return this.#send("POST", `/api/v1/kyc/capture/open`, { json: body });
  }

  /** Begin a verification. */
  startVerification(body: {
    /** The user being verified; the token's sub, unless its scope is kyc:service. */
    readonly user_id: string;
    /** FULL_KYC: KTP, selfie and civil registry. BASIC_KYC: no selfie. */
    readonly verification_type?: "FULL_KYC" | "BASIC_KYC";
    /** The user's consent, recorded with the verification. */
    readonly consent?: {
      /** Which text the user agreed to. */
      readonly version: string;
      /** When: RFC 3339. */
      readonly at: string;
    };
    /** Asks for a link to the capture page (capture_url); the addresses, https, are where the page sends the person in the end. */
    readonly capture?: {
      readonly success_url?: string;
      readonly cancel_url?: string;
    };
  }, options: RequestOptions = {}): Promise<{
    readonly verification_id: string;
    readonly status: "PENDING";
    readonly message: string;
    /** where one was asked for; opens once */
    readonly capture_url?: string;
  }> {
    return this.#send("POST", `/api/v1/kyc/verify/start`, { json: body, ...options });
  }

  /** Another link to the capture page, for a verification that goes on. */
  linkToCapture(verification_id: string, body: {
    readonly success_url?: string;
    readonly cancel_url?: string;
  }, options: RequestOptions = {}): Promise<{
    readonly verification_id: string;
    /** opens once, within 30 minutes */
    readonly capture_url: string;
  }> {
    return this.#send("POST", `/api/v1/kyc/verify/${encodeURIComponent(verification_id)}/capture`, { json: body, ...options });
  }

  /** Upload the photograph of the KTP. */
  uploadKtp(body: {
    /** As /verify/start gave it. */
    readonly verification_id: string;
    /** JPEG, PNG or WebP, at most 10 MiB, as a file part with a filename. */
    readonly ktp_image: Blob;
  }, query: {
    /** 1: the answer carries the portrait and the signature, cut out of the card. */
    readonly crops?: "0" | "1";
  } = {}, options: RequestOptions = {}): Promise<{
    readonly verification_id: string;
    readonly status: "PENDING" | "PROCESSING" | "VERIFIED" | "REJECTED" | "FAILED" | "IN_REVIEW";
    readonly ocr_result: KtpOcrResult;
    readonly next_step: string;
    readonly crops?: {
      readonly portrait: Blob;
      readonly signature: Blob;
    } | null;
  }> {
    return this.#send("POST", `/api/v1/kyc/verify/ktp`, { form: body, query, ...options });
  }

  /** Upload the photograph of the KTP, to be judged later. */
  uploadKtpLater(body: {
    /** As /verify/start gave it. */
    readonly verification_id: string;
    /** JPEG, PNG or WebP, at most 10 MiB, as a file part with a filename. */
    readonly ktp_image: Blob;
  }, query: {
    /** 1: the answer carries the portrait and the signature, cut out of the card. */
    readonly crops?: "0" | "1";
  } = {}, options: RequestOptions = {}): Promise<{
    readonly upload_id: string;
    readonly verification_id: string;
    readonly step: "ktp" | "selfie";
    /** done: accepted, or refused as it would have been at once. failed: it could not be judged. */
    readonly state: "queued" | "running" | "done" | "failed";
    /** Where to fetch this again. */
    readonly status_url: string;
    /** RFC 3339, UTC */
    readonly created_at: string;
    readonly finished_at: string | null;
    readonly answer: {
      readonly status: number;
      /** As the upload would have been answered without Prefer: its answer, or a problem. */
      readonly body: Readonly<Record<string, unknown>>;
    } | null;
  }> {
    return this.#send("POST", `/api/v1/kyc/verify/ktp`, { form: body, query, ...options, later: true });
  }

  /** Upload the selfie, get the decision. */
  uploadSelfie(body: {
    /** As /verify/start gave it. */
    readonly verification_id: string;
    /** JPEG, PNG or WebP, at most 10 MiB, as a file part with a filename. */
    readonly selfie_image?: Blob;
  }, options: RequestOptions = {}): Promise<{
    readonly verification_id: string;
    readonly status: "PENDING" | "PROCESSING" | "VERIFIED" | "REJECTED" | "FAILED" | "IN_REVIEW";
    readonly liveness_result: LivenessResult | null;
    readonly face_match_result: FaceMatchResult | null;
    readonly dukcapil_result: DukcapilResult | null;
    readonly rejection_reason?: string;
  }> {
    return this.#send("POST", `/api/v1/kyc/verify/selfie`, { form: body, ...options });
  }

  /** Upload the selfie, get the decision, to be judged later. */
  uploadSelfieLater(body: {
    /** As /verify/start gave it. */
    readonly verification_id: string;
    /** JPEG, PNG or WebP, at most 10 MiB, as a file part with a filename. */
    readonly selfie_image?: Blob;
  }, options: RequestOptions = {}): Promise<{
    readonly upload_id: string;
    readonly verification_id: string;
    readonly step: "ktp" | "selfie";
    /** done: accepted, or refused as it would have been at once. failed: it could not be judged. */
    readonly state: "queued" | "running" | "done" | "failed";
    /** Where to fetch this again. */
    readonly status_url: string;
    /** RFC 3339, UTC */
    readonly created_at: string;
    readonly finished_at: string | null;
    readonly answer: {
      readonly status: number;
      /** As the upload would have been answered without Prefer: its answer, or a problem. */
      readonly body: Readonly<Record<string, unknown>>;
    } | null;
  }> {
    return this.#send("POST", `/api/v1/kyc/verify/selfie`, { form: body, ...options, later: true });
  }

  /** Where an upload stands that was answered 202. */
  getUpload(verification_id: string, upload_id: string): Promise<{
    readonly upload_id: string;
    readonly verification_id: string;
    readonly step: "ktp" | "selfie";
    /** done: accepted, or refused as it would have been at once. failed: it could not be judged. */
    readonly state: "queued" | "running" | "done" | "failed";
    /** Where to fetch this again. */
    readonly status_url: string;
    /** RFC 3339, UTC */
    readonly created_at: string;
    readonly finished_at: string | null;
    readonly answer: {
      readonly status: number;
      /** As the upload would have been answered without Prefer: its answer, or a problem. */
      readonly body: Readonly<Record<string, unknown>>;
    } | null;
  }> {
    return this.#send("GET", `/api/v1/kyc/verify/${encodeURIComponent(verification_id)}/uploads/${encodeURIComponent(upload_id)}`);
  }

  /** Ask what to do before the camera. */
  askForChallenge(verification_id: string, options: RequestOptions = {}): Promise<{
    readonly verification_id: string;
    readonly challenge_id: string;
    readonly nonce: string;
    /** to be done one after another */
    readonly actions: readonly ("blink" | "open_mouth" | "turn_left" | "turn_right" | "look_up" | "move_closer")[];
    /** RFC 3339, UTC */
    readonly expires_at: string;
  }> {
    return this.#send("POST", `/api/v1/kyc/verify/${encodeURIComponent(verification_id)}/liveness`, { ...options });
  }

  /** Send the frames in which it was done. */
  sendFrames(verification_id: string, challenge_id: string, body: {
    /** As it came with the challenge. */
    readonly nonce: string;
    /** File parts, all of this name, in the order in which they were taken: JPEG, at most 1 MiB. */
    readonly frames: readonly (Blob)[];
    /** Text parts, one a frame, in the same order: milliseconds of the sender's clock. */
    readonly captured_at: readonly (number)[];
  }, options: RequestOptions = {}): Promise<{
    readonly verification_id: string;
    readonly challenge_id: string;
    readonly passed: boolean;
    readonly actions: readonly ({
      /** left and right are the person's own */
      readonly action: "blink" | "open_mouth" | "turn_left" | "turn_right" | "look_up" | "move_closer";
      readonly seen: boolean;
      readonly from: number | null;
      readonly peak: number | null;
      readonly to: number | null;
      readonly reach: number | null;
      readonly fault: "not_seen" | "too_fast" | "too_slow" | null;
    })[];
    readonly checks: readonly ({
      readonly name: string;
      readonly ok: boolean;
      readonly value: number | null;
    })[];
    /** movements that were not asked for */
    readonly others: readonly ("blink" | "open_mouth" | "turn_left" | "turn_right" | "look_up" | "move_closer")[];
    readonly frames: number;
    readonly next_step: string;
  }> {
    return this.#send("POST", `/api/v1/kyc/verify/${encodeURIComponent(verification_id)}/liveness/${encodeURIComponent(challenge_id)}/frames`, { form: body, ...options });
  }

  /** What is known of a verification. */
  getVerification(verification_id: string): Promise<{
    readonly verification_id: string;
    readonly user_id: string;
    readonly verification_type: "FULL_KYC" | "BASIC_KYC";
    readonly status: "PENDING" | "PROCESSING" | "VERIFIED" | "REJECTED" | "FAILED" | "IN_REVIEW";
    readonly consent: {
      readonly version: string;
      /** RFC 3339, UTC */
      readonly at: string;
    } | null;
    readonly ktp_ocr_result: KtpOcrResult | null;
    readonly liveness_result: LivenessResult | null;
    readonly face_match_result: FaceMatchResult | null;
    readonly dukcapil_result: DukcapilResult | null;
    readonly rejection_reason: string | null;
    /** the sentences of rejection_reason, in Bahasa Indonesia and English */
    readonly rejection_reasons: readonly ({
      readonly id: string;
      readonly en: string;
    })[];
    readonly note: string | null;
    readonly duplicate_of?: readonly ({
      readonly verification_id: string;
      readonly by: "face" | "nik";
      readonly similarity: number | null;
    })[] | null;
    /** RFC 3339, UTC */
    readonly created_at: string;
    readonly completed_at: string | null;
  }> {
    return this.#send("GET", `/api/v1/kyc/verify/${encodeURIComponent(verification_id)}`);
  }

  /** A user's verifications, newest first. */
  getHistory(user_id: string, query: {
    readonly limit?: number;
    /** From the Link header of the page before. */
    readonly cursor?: string;
  } = {}): Promise<readonly ({
    readonly verification_id: string;
    readonly user_id: string;
    readonly verification_type: "FULL_KYC" | "BASIC_KYC";
    readonly status: "PENDING" | "PROCESSING" | "VERIFIED" | "REJECTED" | "FAILED" | "IN_REVIEW";
    readonly consent: {
      readonly version: string;
      /** RFC 3339, UTC */
      readonly at: string;
    } | null;
    readonly ktp_ocr_result: KtpOcrResult | null;
    readonly liveness_result: LivenessResult | null;
    readonly face_match_result: FaceMatchResult | null;
    readonly dukcapil_result: DukcapilResult | null;
    readonly rejection_reason: string | null;
    /** the sentences of rejection_reason, in Bahasa Indonesia and English */
    readonly rejection_reasons: readonly ({
      readonly id: string;
      readonly en: string;
    })[];
    readonly note: string | null;
    readonly duplicate_of?: readonly ({
      readonly verification_id: string;
      readonly by: "face" | "nik";
      readonly similarity: number | null;
    })[] | null;
    /** RFC 3339, UTC */
    readonly created_at: string;
    readonly completed_at: string | null;
  })[]> {
    return this.#send("GET", `/api/v1/kyc/user/${encodeURIComponent(user_id)}`, { query });
  }

  /** Erase all that is known of a user but the audit log (scope kyc:service). */
  eraseUser(user_id: string): Promise<{
    readonly user_id: string;
    readonly erased: {
      readonly verifications: number;
      readonly images: number;
      readonly events: number;
    };
    /** References of photographs that the replaced service stored: remove them there. */
    readonly images_elsewhere: readonly (string)[];
  }> {
    return this.#send("DELETE", `/api/v1/kyc/user/${encodeURIComponent(user_id)}`);
  }

  /** Record the person's consent, given on the capture page. */
  giveConsent(body: {
    /** Which text the user agreed to. */
    readonly version: string;
    /** When: RFC 3339. */
    readonly at: string;
  }): Promise<{
    /** Which text the user agreed to. */
    readonly version: string;
    /** When: RFC 3339. */
    readonly at: string;
  }> {
    return this.#send("POST", `/api/v1/kyc/capture/consent`, { json: body });
  }

  /** Leave a note on what was read from the KTP. */
  leaveNote(body: {
    /** What the person says of the reading; nothing is checked by it. */
    readonly text: string;
  }): Promise<{
    /** What the person says of the reading; nothing is checked by it. */
    readonly text: string;
  }> {
    return this.#send("POST", `/api/v1/kyc/capture/note`, { json: body });
  }

  /** Verifications to review, or others by their status (scope kyc:review). */
  listReviews(query: {
    readonly status?: "PENDING" | "PROCESSING" | "VERIFIED" | "REJECTED" | "FAILED" | "IN_REVIEW";
    readonly reason?: string;
    /** yes: those that wait for a second person */
    readonly proposed?: "yes" | "no";
    /** started from then on */
    readonly from?: string;
    /** started before then */
    readonly to?: string;
    /** started at least so long ago */
    readonly min_age_hours?: number;
    readonly order?: "oldest" | "newest";
    readonly limit?: number;
    /** next_cursor of the page before */
    readonly cursor?: string;
  } = {}): Promise<{
    readonly items: readonly ({
      readonly verification_id: string;
      readonly user_id: string;
      /** FULL_KYC: KTP, selfie and civil registry. BASIC_KYC: no selfie. */
      readonly verification_type: "FULL_KYC" | "BASIC_KYC";
      readonly status: "PENDING" | "PROCESSING" | "VERIFIED" | "REJECTED" | "FAILED" | "IN_REVIEW";
      readonly reasons: readonly (string)[] | null;
      readonly review_since: string | null;
      readonly proposed_by: string | null;
      /** RFC 3339, UTC */
      readonly created_at: string;
      readonly completed_at: string | null;
      readonly face_score: number | null;
    })[];
    readonly next_cursor: string | null;
  }> {
    return this.#send("GET", `/api/v1/kyc/review/queue`, { query });
  }

  /** Volume, outcomes, reasons, duration and scores (scope kyc:review). */
  getStatistics(query: {
    /** default: 30 days before to */
    readonly from?: string;
    /** default: now */
    readonly to?: string;
    readonly period?: "day" | "week" | "month";
  } = {}): Promise<{
    /** RFC 3339, UTC */
    readonly from: string;
    /** RFC 3339, UTC */
    readonly to: string;
    readonly total: {
      readonly PENDING: number;
      readonly PROCESSING: number;
      readonly IN_REVIEW: number;
      readonly VERIFIED: number;
      readonly REJECTED: number;
      readonly FAILED: number;
    };
    readonly pass_rate: number | null;
    readonly periods: readonly ({
      /** RFC 3339, UTC */
      readonly start: string;
      readonly counts: {
        readonly PENDING: number;
        readonly PROCESSING: number;
        readonly IN_REVIEW: number;
        readonly VERIFIED: number;
        readonly REJECTED: number;
        readonly FAILED: number;
      };
    })[];
    readonly reasons: readonly ({
      readonly reason: string;
      readonly count: number;
    })[];
    readonly seconds: {
      readonly p50: number;
      readonly p90: number;
      readonly p99: number;
    } | null;
    readonly scores: {
      readonly ocr: readonly ({
        readonly from: number;
        readonly to: number;
        readonly count: number;
      })[];
      readonly liveness: readonly ({
        readonly from: number;
        readonly to: number;
        readonly count: number;
      })[];
      readonly face_match: readonly ({
        readonly from: number;
        readonly to: number;
        readonly count: number;
      })[];
      readonly registry: readonly ({
        readonly from: number;
        readonly to: number;
        readonly count: number;
      })[];
    };
  }> {
    return this.#send("GET", `/api/v1/kyc/review/statistics`, { query });
  }

  /** One verification before a reviewer, personal data masked (scope kyc:review). */
  openReview(verification_id: string): Promise<{
    readonly verification_id: string;
    readonly user_id: string;
    /** FULL_KYC: KTP, selfie and civil registry. BASIC_KYC: no selfie. */
    readonly verification_type: "FULL_KYC" | "BASIC_KYC";
    readonly status: "PENDING" | "PROCESSING" | "VERIFIED" | "REJECTED" | "FAILED" | "IN_REVIEW";
    readonly reasons: readonly (string)[] | null;
    readonly review_since: string | null;
    readonly proposed_by: string | null;
    /** RFC 3339, UTC */
    readonly created_at: string;
    readonly completed_at: string | null;
    /** RFC 3339, UTC */
    readonly updated_at: string;
    readonly rejection_reason: string | null;
    /** what the caller may do: decide; confirm as the second person; wait for one; nothing, it is their own, or there is nothing to decide */
    readonly turn: "decide" | "confirm" | "wait" | "own" | "none";
    readonly fields: readonly ({
      readonly field: "province" | "city" | "nik" | "name" | "birth_place" | "birth_date" | "gender" | "blood_type" | "address" | "rt_rw" | "village" | "district" | "religion" | "marital_status" | "occupation" | "nationality" | "valid_until";
      readonly masked: string | null;
      readonly confidence: number;
      readonly source: string;
      readonly box: readonly (number)[] | null;
    })[];
    readonly checks: readonly ({
      readonly name: string;
      readonly ok: boolean;
      readonly detail: string;
    })[];
    readonly ocr_confidence: number | null;
    /** an approval goes against these */
    readonly failed_checks: readonly (string)[];
    readonly face_match: FaceMatchResult | null;
    readonly liveness: LivenessResult | null;
    readonly registry: {
      readonly status: string;
      readonly is_valid: boolean;
      readonly score: number | null;
    } | null;
    readonly challenges: readonly ({
      readonly challenge_id: string;
      readonly at: string | null;
      readonly passed: boolean | null;
      readonly actions: readonly ({
        readonly action: "blink" | "open_mouth" | "turn_left" | "turn_right" | "look_up" | "move_closer";
        readonly seen: boolean;
        readonly peak: number | null;
        readonly reach: number | null;
        readonly fault: "not_seen" | "too_fast" | "too_slow" | null;
        /** whether a frame of it can be revealed */
        readonly frame: boolean;
      })[];
      readonly checks: readonly ({
        readonly name: string;
        readonly ok: boolean;
        readonly value: number | null;
      })[];
      readonly frames: number;
    })[];
    /** pictures that can be revealed */
    readonly images: readonly ("card" | "portrait" | "signature" | "selfie")[];
    /** whether the person left a note */
    readonly note_left: boolean;
    readonly duplicates: readonly ({
      readonly verification_id: string;
      readonly by: "face" | "nik";
      readonly similarity: number | null;
    })[];
    /** the band of doubt */
    readonly band: {
      readonly face: {
        readonly above: number;
        readonly below: number;
      };
      readonly liveness: number;
      readonly nik: number;
      readonly name: number;
      readonly reading: number;
      readonly registry: {
        readonly sure: number;
        readonly least: number;
      };
    };
    /** what persons said, oldest first */
    readonly reviews: readonly ({
      readonly by: string;
      /** RFC 3339, UTC */
      readonly at: string;
      readonly verdict: "approve" | "reject" | "ask_card" | "ask_selfie";
      readonly reason: string | null;
      readonly note: string | null;
      readonly overrides: readonly (string)[];
    })[];
    /** the audit log of this verification, oldest first */
    readonly trail: readonly ({
      /** RFC 3339, UTC */
      readonly at: string;
      readonly actor: string;
      readonly action: string;
      readonly detail: Readonly<Record<string, unknown>>;
    })[];
  }> {
    return this.#send("GET", `/api/v1/kyc/review/${encodeURIComponent(verification_id)}`);
  }

  /** Show one field or picture; who saw it stands in the audit log (scope kyc:review). */
  reveal(verification_id: string, body: {
    readonly what: "province" | "city" | "nik" | "name" | "birth_place" | "birth_date" | "gender" | "blood_type" | "address" | "rt_rw" | "village" | "district" | "religion" | "marital_status" | "occupation" | "nationality" | "valid_until" | "registry_name" | "registry_birth_date" | "note" | "card" | "portrait" | "signature" | "selfie" | "frame";
    /** of a frame: whose it is */
    readonly challenge_id?: string;
    /** of a frame: what it shows */
    readonly action?: "blink" | "open_mouth" | "turn_left" | "turn_right" | "look_up" | "move_closer";
  }): Promise<{
    readonly what: string;
    readonly value: string | null;
    readonly raw: string | null;
    readonly image: {
      readonly media_type: "image/jpeg" | "image/png" | "image/webp";
      /** base64 */
      readonly data: string;
    } | null;
  }> {
    return this.#send("POST", `/api/v1/kyc/review/${encodeURIComponent(verification_id)}/reveal`, { json: body });
  }

  /** Approve, reject, or ask for the card or the selfie again (scope kyc:review). */
  decideReview(verification_id: string, body: {
    /** ask_card and ask_selfie take back what was sent, and wait for it anew */
    readonly verdict: "approve" | "reject" | "ask_card" | "ask_selfie";
    /** updated_at of what was looked at */
    readonly seen: string;
    /** of a rejection */
    readonly reason?: "card_forged" | "card_unreadable" | "face_differs" | "not_live" | "registry_disagrees" | "duplicate" | "fraud" | "other";
    /** needed to reject with the reason other, and to approve against a failed check */
    readonly note?: string;
  }, options: RequestOptions = {}): Promise<{
    readonly verification_id: string;
    readonly status: "PENDING" | "PROCESSING" | "VERIFIED" | "REJECTED" | "FAILED" | "IN_REVIEW";
    readonly proposed_by: string | null;
    readonly rejection_reason: string | null;
  }> {
    return this.#send("POST", `/api/v1/kyc/review/${encodeURIComponent(verification_id)}/decision`, { json: body, ...options });
  }

  /** Events kept in the outbox, oldest first (scope kyc:service). */
  listEvents(query: {
    /** Id of the last event already seen. */
    readonly after?: number;
    readonly limit?: number;
  } = {}): Promise<readonly ({
    readonly id: number;
    readonly kind: "ktp_uploaded" | "verified" | "failed" | "resubmission_requested";
    readonly userId: string;
    readonly value: Readonly<Record<string, unknown>>;
    readonly ce: {
      readonly id: string;
      readonly source: string;
      readonly type: string;
      readonly time: string;
    };
    readonly traceparent: string | null;
    readonly sentAt: string | null;
  })[]> {
    return this.#send("GET", `/api/v1/kyc/events`, { query });
  }

  /** The account was closed: the periods of retention run from then (scope kyc:service). */
  closeAccount(user_id: string, body: {
    /** When: RFC 3339. Default: now. */
    readonly closed_at?: string;
  }, options: RequestOptions = {}): Promise<{
    readonly user_id: string;
    /** RFC 3339, UTC */
    readonly closed_at: string;
  }> {
    return this.#send("POST", `/api/v1/kyc/user/${encodeURIComponent(user_id)}/close`, { json: body, ...options });
  }

  async #send<T>(method: string, path: string, { json, form, query, idempotencyKey, later }: Sent = {}): Promise<T> {
    const { baseUrl = "", token, fetch: send = fetch } = this.#options;
    const headers = new Headers();
    const bearer = typeof token === "function" ? await token() : token;
    if (bearer !== undefined) headers.set("authorization", `Bearer ${bearer}`);
    if (idempotencyKey !== undefined) headers.set("idempotency-key", idempotencyKey);
    if (later) headers.set("prefer", "respond-async");
    let body: RequestInit["body"];
    if (json) {
      headers.set("content-type", "application/json");
      body = JSON.stringify(json);
    }
    if (form) {
      const data = new FormData();
      for (const [name, given] of Object.entries(form)) {
        for (const value of Array.isArray(given) ? given : [given]) {
          if (value instanceof Blob) data.append(name, value, name);
          else if (value !== undefined) data.append(name, String(value));
        }
      }
      body = data;
    }
    const words = new URLSearchParams(
      Object.entries(query ?? {}).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, String(value)] as [string, string]],
      ),
    );
    const address = `${baseUrl}${path}${words.size > 0 ? `?${words}` : ""}`;
    const response = await send(address, { method, headers, body });
    const isJson = response.headers.get("content-type")?.includes("json") ?? false;
    if (!response.ok && isJson) throw new KycProblemError((await response.json()) as Problem);
    if (!response.ok) throw new Error(`The service answered ${response.status}.`);
    return (isJson ? await response.json() : await response.text()) as T;
  }
}
