import { setGlobalProxyFromEnv } from "node:http";
import type { Config } from "../config.ts";
import { buildModels } from "../vision/models/build.ts";
import { CATALOGUE, PACKS, type PackName } from "../vision/models/catalogue.ts";
import { listModels, verifyModels } from "../vision/models/list.ts";
import { pullPack } from "../vision/models/pull.ts";
import { type Command, UsageError } from "./command.ts";

export const models: Command = {
  usage: "models list | build [--force] | verify | pull PACK [--from DIR]",
  summary: `Show, build, check or fetch the networks (packs: ${Object.keys(PACKS).join(", ")}).`,
  flags: { force: "boolean", from: "string" },
  async run([verb, ...words], flags, { config, out }) {
    const { cacheDir, packDir } = config.models;
    switch (verb) {
      case "list":
        for (const model of await listModels({ cacheDir, packDir })) {
          out.result(
            { ...model },
            () =>
              `${model.name.padEnd(22)} ${model.state.padEnd(8)} ${model.licence.padEnd(12)} ${model.role}`,
          );
        }
        return;
      case "build": {
        const built = await buildModels({
          cacheDir,
          force: flags.force === true,
          onProgress: ({ model, why, number, of }) =>
            out.note(`building network ${number} of ${of}: ${model} (${why})`),
        });
        out.result({ built, cacheDir }, () =>
          built.length > 0
            ? `${built.length} networks built in ${cacheDir}`
            : `All networks are built in ${cacheDir}`,
        );
        return;
      }
      case "verify": {
        const states = await verifyModels({ cacheDir, packDir });
        for (const state of states) out.result({ ...state }, () => `${state.name.padEnd(22)} ${state.state}`);
        const bad = states.filter(({ state }) => state !== "ok" && state !== "absent");
        if (bad.length > 0) throw new Error(`${bad.map(({ name }) => name).join(", ")}: run "models build".`);
        return;
      }
      case "pull": {
        const [pack] = words;
        if (!(pack in PACKS)) throw new UsageError(`Name a pack: ${Object.keys(PACKS).join(", ")}.`);
        out.note(`licence of ${pack}: ${licencesOf(pack as PackName).join(", ")}`);
        const files = await throughProxy(config.models.proxy, () =>
          pullPack({
            pack: pack as PackName,
            packDir,
            mirror: config.models.mirror ?? undefined,
            from: typeof flags.from === "string" ? flags.from : undefined,
            onProgress: ({ file, step, bytes, of }) =>
              out.note(`${file}: ${step} ${bytes}${of === null ? "" : ` of ${of}`} bytes`),
          }),
        );
        const licence = licencesOf(pack as PackName);
        out.result(
          { pack, licence, files },
          () => `${pack} (${licence.join(", ")}) is installed in ${packDir}`,
        );
        return;
      }
      default:
        throw new UsageError("Say what to do: list, build, verify or pull.");
    }
  },
};

/** SPDX, of all networks of a pack. */
const licencesOf = (pack: PackName): readonly string[] => [
  ...new Set(
    Object.values(CATALOGUE).flatMap(({ licence, source }) =>
      source.from === "pack" && source.pack === pack ? [licence] : [],
    ),
  ),
];

/** Does `work` with the process's requests going through the proxies that are set, then as before. */
async function throughProxy<T>(
  { http, https, none }: Config["models"]["proxy"],
  work: () => Promise<T>,
): Promise<T> {
  if (http === null && https === null) return work();
  const restore = setGlobalProxyFromEnv({
    ...(http !== null && { HTTP_PROXY: http }),
    ...(https !== null && { HTTPS_PROXY: https }),
    ...(none !== null && { NO_PROXY: none }),
  });
  try {
    return await work();
  } finally {
    restore();
  }
}
