import { KycClient } from "../../../clients/typescript/src/client.ts";

/** What the page holds for its one verification. Kept by the tab, so that a reload goes on where it was. */
export interface Session {
  readonly token: string;
  readonly verificationId: string;
  readonly successUrl: string | null;
  readonly cancelUrl: string | null;
  /** active: the face step asks for movements. */
  readonly liveness: "passive" | "active";
}

const KEPT = "kyc-capture";

/**
 * The session of this tab: a link's code is exchanged for one and taken out of the address at once.
 * @returns null where there is neither a code nor a session
 * @throws KycProblemError where the code is not good any more
 */
export async function openSession(): Promise<Session | null> {
  const code = location.hash.slice(1);
  if (code !== "") {
    history.replaceState(null, "", location.pathname);
    const opened = await new KycClient().openCapture({ code });
    const session: Session = {
      token: opened.session,
      verificationId: opened.verification_id,
      successUrl: opened.success_url,
      cancelUrl: opened.cancel_url,
      liveness: opened.liveness,
    };
    sessionStorage.setItem(KEPT, JSON.stringify(session));
    return session;
  }
  const kept = sessionStorage.getItem(KEPT);
  return kept === null ? null : (JSON.parse(kept) as Session);
}

export const clientOf = (session: Session): KycClient => new KycClient({ token: session.token });

/** The address that the platform gave, with what it needs to ask the service for the result. */
export function returnAddress(url: string, session: Session, status: string | null): string {
  const address = new URL(url);
  address.searchParams.set("verification_id", session.verificationId);
  if (status !== null) address.searchParams.set("status", status);
  return address.href;
}
