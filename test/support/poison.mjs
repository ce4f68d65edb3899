import { registerHooks } from "node:module";
import { isMainThread } from "node:worker_threads";

/*
 * Loaded before the service (`NODE_OPTIONS=--import=…`): makes real photographs poisonous. One that ends in one of the
 * words below kills whoever decodes it, as a fault in a decoder's native code would: the thread, or the whole process.
 */
const POISONED = (sharp) => `
import sharp from ${JSON.stringify(sharp)};
export default Object.assign((input, ...rest) => {
  const end = input instanceof Uint8Array ? Buffer.from(input.slice(-20)).toString("latin1") : "";
  if (end.endsWith("KILLS ITS THREAD")) process.exit(3);
  if (end.endsWith("KILLS ITS PROCESS")) process.kill(process.pid, "SIGKILL");
  return sharp(input, ...rest);
}, sharp);
`;

if (!isMainThread) {
  registerHooks({
    resolve(specifier, context, next) {
      const found = next(specifier, context);
      if (specifier !== "sharp" || !context.parentURL?.endsWith("/src/vision/image.ts")) return found;
      const source = encodeURIComponent(POISONED(found.url));
      return { url: `data:text/javascript,${source}`, format: "module", shortCircuit: true };
    },
  });
}
