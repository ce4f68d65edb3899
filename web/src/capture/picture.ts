/** Longest side of a picture that is sent, in pixels: a card needs no more, and a slow line no larger file. */
const LONGEST = 2000;
const JPEG_QUALITY = 0.9;

/** A frame or photograph as a JPEG of at most {@link LONGEST} pixels a side, upright. */
export async function toJpeg(source: HTMLVideoElement | ImageBitmap): Promise<Blob> {
  const [width, height] =
    source instanceof HTMLVideoElement
      ? [source.videoWidth, source.videoHeight]
      : [source.width, source.height];
  const scale = Math.min(1, LONGEST / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.getContext("2d")?.drawImage(source, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>((resolve) => {
    canvas.toBlob(resolve, "image/jpeg", JPEG_QUALITY);
  });
  if (blob === null) throw new Error("The picture could not be encoded.");
  return blob;
}

/**
 * A file that the person chose, scaled before it is sent.
 * @throws where it is no picture that the browser can read
 */
export async function fileToJpeg(file: File): Promise<Blob> {
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  try {
    return await toJpeg(bitmap);
  } finally {
    bitmap.close();
  }
}
