import type { KycClient } from "../src/client.ts";

/** On your server: begins a verification. Send the user's browser to the address that comes back. */
export async function begin(kyc: KycClient, userId: string, success_url: string): Promise<string> {
  const { capture_url } = await kyc.startVerification({ user_id: userId, capture: { success_url } });
  if (capture_url === undefined) throw new Error("The service gave no link.");
  return capture_url;
}

/** On your server, once the browser is back at `success_url`: only the service's own word counts. */
export async function isVerified(kyc: KycClient, cameBackTo: URL): Promise<boolean> {
  const id = cameBackTo.searchParams.get("verification_id") ?? "";
  return (await kyc.getVerification(id)).status === "VERIFIED";
}
