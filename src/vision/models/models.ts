/** The networks as the stages see them. Built, guarded and loaded by the files beside this one. */

export type ModelName =
  | "text-detection"
  | "text-recognition"
  | "text-recognition-exact"
  | "text-direction"
  | "face-detection"
  | "face-mesh"
  | "iris"
  | "face-embedding"
  | "face-description"
  | "spoof-baseline"
  | "liveness-baseline"
  | "spoof-2.7"
  | "spoof-4.0"
  | "face-embedding-sface"
  | "face-detection-yunet";

export interface Tensor {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** A network that is asked for and cannot be used. `model` says which, the message why and what to do. */
export class ModelMissingError extends Error {
  readonly model: ModelName;
  constructor(model: ModelName, why: string) {
    super(`The network "${model}" cannot be used: ${why}`);
    this.name = "ModelMissingError";
    this.model = model;
  }
}

/** One loaded network. */
export interface Model {
  readonly name: ModelName;
  /**
   * Runs on `count` pictures of one size. The catalogue says how pixels become numbers (layout, channel order, mean,
   * scale); the caller hands over RGB.
   * @param rgb  count × height × width × 3, 0..255
   * @returns the outputs by name, as the catalogue names them
   */
  see(
    rgb: Uint8Array | Float32Array,
    width: number,
    height: number,
    count?: number,
  ): Promise<Readonly<Record<string, Tensor>>>;
}

/** The networks of one worker. */
export interface Models {
  /** @throws ModelMissingError where it is not installed */
  get(name: ModelName): Model;
  has(name: ModelName): boolean;
  /** The recogniser's classes in order; index 0 is the CTC blank (""). */
  readonly alphabet: readonly string[];
  close(): Promise<void>;
}
