import { maskedUrl } from "../security/masking.ts";
import { type Command, UsageError } from "./command.ts";

/** Settings whose value is told to nobody, by their name in the configuration. */
const SECRET = /secret|password|credential|accesskey|token$|^keys$|passphrase/i;
const SET = "(set)";

/** Settings as lines `name = value`, names as in `src/config.ts`; secrets say only that they are set. */
export function settingsOf(value: unknown, name = ""): readonly (readonly [name: string, value: string])[] {
  const last = name.slice(name.lastIndexOf(".") + 1);
  if (value === null || value === undefined) return [[name, "(not set)"]];
  if (SECRET.test(last)) return [[name, SET]];
  if (typeof value !== "object") return [[name, maskedUrl(String(value))]];
  if (Array.isArray(value) && value.some((one) => typeof one === "object"))
    return value.flatMap((one, i) => settingsOf(one, `${name}.${i + 1}`));
  if (Array.isArray(value))
    return [[name, value.map((one) => maskedUrl(String(one))).join(", ") || "(none)"]];
  return Object.entries(value).flatMap(([member, inner]) =>
    settingsOf(inner, name === "" ? member : `${name}.${member}`),
  );
}

export const config: Command = {
  usage: "config check",
  summary: "Check the environment: every setting as the service takes it, secrets masked, and its warnings.",
  flags: {},
  async run(words, _flags, { config: taken, out }) {
    if (words.length !== 1 || words[0] !== "check") throw new UsageError("Say what to do: check.");
    const { warnings, ...settings } = taken;
    const lines = settingsOf(settings);
    const widest = Math.max(...lines.map(([name]) => name.length));
    out.result({ settings: Object.fromEntries(lines), warnings }, () => [
      ...lines.map(([name, value]) => `${name.padEnd(widest)}  ${value}`),
      "",
      ...(warnings.length > 0
        ? warnings.map((warning) => `warning: ${warning}`)
        : ["The service starts with these settings; there is nothing to warn of."]),
    ]);
  },
};
