import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import { KycError } from "../verification/errors.ts";
import type { Clock } from "../verification/ports.ts";
import { answerTo, COMMON_CODES, PROBLEM_TYPE } from "./problem.ts";

const RAW_FAULTS: Readonly<Record<string, readonly [status: string, detail: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ["408 Request Timeout", "The request did not arrive in time."],
  HPE_HEADER_OVERFLOW: ["431 Request Header Fields Too Large", "The headers are too large."],
};
const MALFORMED = ["400 Bad Request", "This is not HTTP, or it was cut off."] as const;

/** Answers on the bare socket where bytes never became a request. */
export function answerRaw(error: NodeJS.ErrnoException, socket: Socket, clock: Clock): void {
  if (error.code !== "ECONNRESET" && socket.writable) {
    const [status, detail] = RAW_FAULTS[error.code ?? ""] ?? MALFORMED;
    const { problem } = answerTo(new KycError("KYC_VAL_001", Number.parseInt(status, 10), detail), {
      codes: COMMON_CODES,
      requestId: randomUUID(),
      now: clock.now(),
    });
    const body = JSON.stringify(problem);
    socket.write(
      `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: ${PROBLEM_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  }
  socket.destroy();
}
