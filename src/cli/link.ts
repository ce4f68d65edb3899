import { openSealer, signingSecret } from "../service.ts";
import { type Command, needed } from "./command.ts";
import { runningService } from "./running.ts";

interface Started {
  readonly verification_id: string;
  readonly capture_url: string;
}

export const link: Command = {
  usage: "link --user ID",
  summary: "Begin a verification at the running service and print the link to its capture page.",
  flags: { user: "string" },
  async run(_words, flags, { config, out }) {
    const user_id = needed(flags, "user");
    const service = await runningService(config, signingSecret(config, openSealer(config).keys));
    const started = await service.post<Started>("/api/v1/kyc/verify/start", { user_id, capture: {} });
    const { verification_id, capture_url } = started;
    out.result({ verification_id, user_id, capture_url }, () => capture_url);
  },
};
