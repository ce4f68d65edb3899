import type { SimulatedAnswer, VerifyRequest } from "./answers.ts";

/** What the simulator cannot take, in the form of its framework (Quarkus): method, parameter and member. */
export interface Violation {
  readonly field: string;
  readonly message: string;
}

type Checked<T> = { readonly value: T } | { readonly violations: readonly Violation[] };

/** A body that the service cannot take: no verdict, no response code. */
export function constraintViolation(violations: readonly Violation[]): SimulatedAnswer {
  return { httpStatus: 400, body: { title: "Constraint Violation", status: 400, violations } };
}

export function verifyViolations(body: unknown): Checked<VerifyRequest> {
  const at = "verifyNik.request";
  const request = objectOf(body);
  if (!request) return { violations: [{ field: at, message: "must be a JSON object" }] };
  const { nik, fullName, birthPlace, birthDate } = request;
  const violations = [...nikViolations(nik, `${at}.nik`), ...blankViolations(fullName, `${at}.fullName`)];
  if (!absent(birthPlace) && typeof birthPlace !== "string") {
    violations.push({ field: `${at}.birthPlace`, message: "must be text" });
  }
  if (!absent(birthDate) && !(typeof birthDate === "string" && /^\d{4}-\d{2}-\d{2}$/.test(birthDate))) {
    violations.push({ field: `${at}.birthDate`, message: "must have the form YYYY-MM-DD" });
  }
  return violations.length > 0 ? { violations } : { value: request as unknown as VerifyRequest };
}

export interface PhotoRequest {
  readonly nik: string;
  readonly ktp: Uint8Array;
  readonly selfie: Uint8Array;
  readonly livenessCheck: boolean;
}

export function photoViolations(body: unknown): Checked<PhotoRequest> {
  const at = "matchFace.request";
  const request = objectOf(body);
  if (!request) return { violations: [{ field: at, message: "must be a JSON object" }] };
  const { nik, ktpPhotoBase64, selfiePhotoBase64, livenessCheck } = request;
  const violations = nikViolations(nik, `${at}.nik`);
  const ktp = photoOf(ktpPhotoBase64, `${at}.ktpPhotoBase64`, violations);
  const selfie = photoOf(selfiePhotoBase64, `${at}.selfiePhotoBase64`, violations);
  if (!absent(livenessCheck) && typeof livenessCheck !== "boolean") {
    violations.push({ field: `${at}.livenessCheck`, message: "must be true or false" });
  }
  if (violations.length > 0 || !ktp || !selfie) return { violations };
  return { value: { nik: nik as string, ktp, selfie, livenessCheck: livenessCheck !== false } };
}

export function citizenViolations(nik: string): readonly Violation[] {
  return nikViolations(nik, "getCitizenData.nik");
}

function nikViolations(nik: unknown, field: string): Violation[] {
  return typeof nik === "string" && /^[0-9]{16}$/.test(nik)
    ? []
    : [{ field, message: "must have exactly 16 digits" }];
}

function blankViolations(value: unknown, field: string): Violation[] {
  return typeof value === "string" && value.trim() !== "" ? [] : [{ field, message: "must not be blank" }];
}

function photoOf(value: unknown, field: string, violations: Violation[]): Uint8Array | null {
  const blank = blankViolations(value, field);
  violations.push(...blank);
  if (blank.length > 0) return null;
  const base64 = (value as string).replace(/^data:[^,]{0,100},/, "");
  const bytes = Buffer.from(base64, "base64");
  // Node skips what is no base64: four characters for three bytes, or it was none.
  if (bytes.length > 0 && Math.abs((base64.trim().length * 3) / 4 - bytes.length) <= 3) return bytes;
  violations.push({ field, message: "must be a photograph in base64" });
  return null;
}

function absent(value: unknown): boolean {
  return value === undefined || value === null;
}

function objectOf(body: unknown): Readonly<Record<string, unknown>> | null {
  return typeof body === "object" && body !== null && !Array.isArray(body)
    ? (body as Record<string, unknown>)
    : null;
}
