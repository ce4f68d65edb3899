import type { Config, FaceResult, Human } from "@vladmandic/human";
import type { Advice, Watch } from "./Shot.tsx";

/** The face networks of the package, served by this service; only what guides the person. */
const SETTINGS: Partial<Config> = {
  modelBasePath: "/pages/models/",
  debug: false,
  cacheSensitivity: 0,
  filter: { enabled: false },
  gesture: { enabled: false },
  face: {
    enabled: true,
    detector: { rotation: false, maxDetected: 2, minConfidence: 0.4 },
    mesh: { enabled: true },
    iris: { enabled: true },
    description: { enabled: false },
    emotion: { enabled: false },
    antispoof: { enabled: false },
    liveness: { enabled: false },
  },
  body: { enabled: false },
  hand: { enabled: false },
  object: { enabled: false },
  segmentation: { enabled: false },
};

/** Shares of the picture's height that the face's box may take, and how far from straight it may look (radians). */
const FACE = { smallest: 0.28, largest: 0.8, yaw: 0.3, pitch: 0.35, offCentre: 0.2 };

let loading: Promise<Human> | undefined;

/** Drawing by the main processor under the name of WebGL: Chromium's, Mesa's, Windows'. */
const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;

/** Whether WebGL is a graphics processor's. Where software stands in for one, WebAssembly is many times faster. */
function hasGraphics(): boolean {
  const gl = document.createElement("canvas").getContext("webgl2", { failIfMajorPerformanceCaveat: true });
  if (gl === null) return false;
  const unmasked = gl.getExtension("WEBGL_debug_renderer_info")?.UNMASKED_RENDERER_WEBGL;
  const renderer = String(gl.getParameter(unmasked ?? gl.RENDERER));
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return !SOFTWARE.test(renderer);
}

/** By what the networks are computed. */
function computing(): Partial<Config> {
  if (hasGraphics()) return { backend: "humangl" };
  const wasmPath: string | null = import.meta.env.WASM_FOLDER;
  return wasmPath === null ? { backend: "cpu" } : { backend: "wasm", wasmPath };
}

/** The guide's networks, some two megabytes: fetched when the face step is near, once. */
export function loadGuide(): Promise<Human> {
  loading ??= import("@vladmandic/human").then(async ({ Human }) => {
    const human = new Human({ ...SETTINGS, ...computing() });
    await human.load();
    return human;
  });
  return loading;
}

/** Looks for one face, straight, near enough. Where the networks cannot run, the person takes the photograph. */
export function watchFace(): Watch {
  let guide: Human | null = null;
  loadGuide().then(
    (human) => {
      guide = human;
    },
    () => undefined,
  );
  return async (video): Promise<Advice | null> => {
    if (guide === null) return null;
    try {
      return adviseFace((await guide.detect(video)).face);
    } catch {
      return null;
    }
  };
}

/** The word for what is wrong with the faces that are seen; "ready" where nothing is. */
export function adviseFace(faces: readonly FaceResult[]): Advice {
  if (faces.length === 0) return "noFace";
  if (faces.length > 1) return "severalFaces";
  const [{ boxRaw, rotation }] = faces;
  const [x, y, width, height] = boxRaw;
  const away = Math.hypot(x + width / 2 - 0.5, y + height / 2 - 0.5);
  if (height < FACE.smallest) return "closer";
  if (height > FACE.largest) return "farther";
  if (away > FACE.offCentre) return "noFace";
  const { yaw = 0, pitch = 0 } = rotation?.angle ?? {};
  return Math.abs(yaw) > FACE.yaw || Math.abs(pitch) > FACE.pitch ? "straight" : "ready";
}
