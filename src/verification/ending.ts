import type { Change, Clock, Conclusion, KycEvent, Verification } from "./ports.ts";
import { reasonsOf } from "./reasons.ts";

/** What ends a verification: by the evidence, or by a person. */
export interface Ending {
  /**
   * The change and its event.
   * @param change   what is written with it
   * @param reason   for people; null where it is VERIFIED
   * @param reasons  codes; the evidence's own where they are left out
   */
  end(
    v: Verification,
    change: Change,
    status: "VERIFIED" | "REJECTED" | "FAILED",
    reason: string | null,
    reasons?: readonly string[],
  ): Conclusion;
  /** A NIK as events carry it. */
  eventNik(nik: string | null | undefined): string | null;
}

export function ending({
  clock,
  maskNik,
  fullNik,
}: {
  clock: Clock;
  maskNik: (nik: string) => string;
  /** Whether events carry the whole NIK. */
  fullNik: boolean;
}): Ending {
  const eventNik: Ending["eventNik"] = (nik) => (nik ? (fullNik ? nik : maskNik(nik)) : null);
  return {
    eventNik,
    end(v, change, status, reason, reasons) {
      const common = { verification_id: v.verificationId, user_id: v.userId };
      const ktp = change.ktp ?? v.ktp;
      const event: KycEvent =
        status === "VERIFIED"
          ? {
              kind: "verified",
              value: { ...common, nik: eventNik(ktp?.nik), name: ktp?.name ?? null, status },
            }
          : { kind: "failed", value: { ...common, status, reason } };
      const against = reasons ?? reasonsOf({ ...v, ...change, status });
      return {
        change: {
          ...change,
          status,
          rejectionReason: reason,
          reasons: against.length > 0 ? against : null,
          completedAt: clock.now(),
          dukcapilDueAt: null,
        },
        events: [event],
      };
    },
  };
}
