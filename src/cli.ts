import { type Command, type Context, output, parse, UsageError } from "./cli/command.ts";
import { loadConfig } from "./config.ts";

/** Each verb is loaded when it is called: `token` needs no networks, `models` no database. */
const VERBS: Readonly<Record<string, () => Promise<Command>>> = {
  ocr: async () => (await import("./cli/recognise.ts")).ocr,
  match: async () => (await import("./cli/recognise.ts")).match,
  liveness: async () => (await import("./cli/recognise.ts")).liveness,
  embed: async () => (await import("./cli/recognise.ts")).embed,
  eval: async () => (await import("./cli/evaluate.ts")).evaluate,
  models: async () => (await import("./cli/models.ts")).models,
  sample: async () => (await import("./cli/sample.ts")).sample,
  fit: async () => (await import("./cli/fit.ts")).fit,
  "sample-attacks": async () => (await import("./cli/sample-attacks.ts")).sampleAttacks,
  token: async () => (await import("./cli/operate.ts")).token,
  link: async () => (await import("./cli/link.ts")).link,
  simulate: async () => (await import("./cli/operate.ts")).simulate,
  events: async () => (await import("./cli/operate.ts")).events,
  webhooks: async () => (await import("./cli/webhooks.ts")).webhooks,
  keys: async () => (await import("./cli/keys.ts")).keys,
  audit: async () => (await import("./cli/audit.ts")).audit,
  config: async () => (await import("./cli/config.ts")).config,
  demo: async () => (await import("./cli/demo.ts")).demo,
};

const USAGE_FAULT = 2;
const FAILED = 1;

async function help(): Promise<string> {
  const commands = await Promise.all(Object.values(VERBS).map((load) => load()));
  const lines = commands.map(({ usage, summary }) => `  ${usage}\n      ${summary}`);
  return `npm run -s kyc -- VERB …   (every verb takes --json: one object a line)\n\n${lines.join("\n")}\n`;
}

async function main([verb, ...args]: readonly string[]): Promise<number> {
  if (verb === undefined || verb === "help" || verb === "--help") {
    process.stdout.write(await help());
    return verb === undefined ? USAGE_FAULT : 0;
  }
  const load = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
  if (load === undefined) {
    process.stderr.write(`kyc: "${verb}" is no verb. There are: ${Object.keys(VERBS).join(", ")}.\n`);
    return USAGE_FAULT;
  }
  const command = await load();
  try {
    const { words, flags } = parse(command, args);
    if (flags.help === true) {
      process.stdout.write(`npm run -s kyc -- ${command.usage}\n    ${command.summary}\n`);
      return 0;
    }
    const context: Context = {
      config: loadConfig(),
      out: output(flags.json === true, process.stdout, process.stderr),
    };
    await command.run(words, flags, context);
    return 0;
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`kyc ${verb}: ${error.message}\n  npm run -s kyc -- ${command.usage}\n`);
      return USAGE_FAULT;
    }
    process.stderr.write(`kyc ${verb}: ${(error as Error).message}\n`);

    return FAILED;
  }
}

// Whoever reads the output may have gone (`… | head -1`): then there is nobody left to tell.
process.stdout.on("error", () => process.exit(0));
process.exitCode = await main(process.argv.slice(2));
