import { createRequire, registerHooks } from "node:module";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { packageFolder } from "../../src/vision/models/files.ts";

/** The package's two detectors: the accurate one is its default, the other one is its fast one. */
export type Detector = "ssd_mobilenetv1" | "tiny_face_detector";

/** Another comparer of faces. */
export interface FaceComparer {
  /** What it computes with, e.g. `wasm, SIMD`. */
  readonly backend: string;
  /**
   * The largest face's descriptor, from the bytes of a picture.
   * @throws Error where no face is found
   */
  describe(jpeg: Uint8Array, detector: Detector): Promise<Float32Array>;
}

/** The part of face-api that is used here; its own types ask for all of TensorFlow.js. */
interface FaceApi {
  readonly tf: TensorFlow;
  readonly nets: Readonly<Record<string, { loadFromDisk(folder: string): Promise<void> }>>;
  readonly SsdMobilenetv1Options: new () => object;
  readonly TinyFaceDetectorOptions: new () => object;
  detectSingleFace(
    input: Tensor,
    options: object,
  ): {
    withFaceLandmarks(tiny?: boolean): {
      withFaceDescriptor(): Promise<{ readonly descriptor: Float32Array } | undefined>;
    };
  };
}

interface Tensor {
  readonly size: number;
  dispose(): void;
}

interface TensorFlow {
  readonly Tensor: { readonly prototype: object };
  setBackend(name: string): Promise<boolean>;
  env(): { getAsync(flag: string): Promise<unknown> };
  tensor3d(data: Uint8Array, shape: readonly number[], type: "int32"): Tensor;
  reshape(tensor: Tensor, shape: readonly number[]): Tensor;
  cast(tensor: Tensor, type: string): Tensor;
}

/** What face-api computes with on Node, where no native library can be fetched. */
const TENSORFLOW = ["@tensorflow/tfjs-core", "@tensorflow/tfjs-backend-wasm"] as const;

const NETWORKS = ["ssdMobilenetv1", "tinyFaceDetector", "faceLandmark68Net", "faceRecognitionNet"];

const require = createRequire(import.meta.url);

/** @returns the packages that are missing instead, where it cannot run */
export async function openFaceApi(): Promise<FaceComparer | { readonly missing: readonly string[] }> {
  const missing = TENSORFLOW.filter((name) => !resolves(name));
  if (missing.length > 0) return { missing };
  // face-api asks for the whole of TensorFlow.js, of which it uses the core.
  const hooks = registerHooks({
    resolve: (name, context, next) =>
      next(name === "@tensorflow/tfjs" ? "@tensorflow/tfjs-core" : name, context),
  });
  const api: FaceApi = require("@vladmandic/face-api/dist/face-api.node-wasm.js");
  hooks.deregister();
  const wasm = require("@tensorflow/tfjs-backend-wasm");
  // Its files are looked for on the net unless it is told where they lie.
  wasm.setWasmPaths(`${dirname(require.resolve("@tensorflow/tfjs-backend-wasm"))}/`);
  const { tf } = api;
  chainOperations(tf);
  if (!(await tf.setBackend("wasm")))
    throw new Error("the WebAssembly backend of TensorFlow.js does not start");
  const folder = packageFolder("@vladmandic/face-api");
  if (folder === null) throw new Error("the package @vladmandic/face-api is not installed");
  for (const name of NETWORKS) await api.nets[name].loadFromDisk(join(folder, "model"));
  const simd = (await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT")) === true;
  const options = {
    ssd_mobilenetv1: new api.SsdMobilenetv1Options(),
    tiny_face_detector: new api.TinyFaceDetectorOptions(),
  };
  return {
    backend: `WebAssembly${simd ? " with SIMD" : ""}, one thread (all it has on Node)`,
    async describe(jpeg, detector) {
      const { data, info } = await sharp(jpeg)
        .autoOrient()
        .removeAlpha()
        .raw()
        .toBuffer({ resolveWithObject: true });
      const picture = tf.tensor3d(data, [info.height, info.width, 3], "int32");
      try {
        const face = await api
          .detectSingleFace(picture, options[detector])
          .withFaceLandmarks()
          .withFaceDescriptor();
        if (!face) throw new Error(`face-api finds no face with ${detector}`);
        return face.descriptor;
      } finally {
        picture.dispose();
      }
    },
  };
}

/** Euclidean, as face-api compares: one person's below 0.6. */
export const distance = (a: Float32Array, b: Float32Array): number =>
  Math.hypot(...a.map((value, i) => value - b[i]));

function resolves(name: string): boolean {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
}

/**
 * Gives tensors their operations as methods, which TensorFlow.js does in the package that is left out: `a.add(b)`
 * where the core has `add(a, b)`.
 */
function chainOperations(tf: TensorFlow): void {
  const methods = tf.Tensor.prototype as Record<string, unknown>;
  for (const [name, operation] of Object.entries(tf)) {
    if (typeof operation !== "function" || name in methods || !/^[a-z]/.test(name)) continue;
    methods[name] = function (this: Tensor, ...rest: unknown[]) {
      return operation(this, ...rest);
    };
  }
  for (const name of ["as2D", "as3D", "as4D"]) {
    methods[name] = function (this: Tensor, ...shape: number[]) {
      return tf.reshape(this, shape);
    };
  }
  methods.as1D = function (this: Tensor) {
    return tf.reshape(this, [this.size]);
  };
  methods.asScalar = function (this: Tensor) {
    return tf.reshape(this, []);
  };
  for (const [name, type] of [
    ["toFloat", "float32"],
    ["toInt", "int32"],
  ]) {
    methods[name] = function (this: Tensor) {
      return tf.cast(this, type);
    };
  }
}
