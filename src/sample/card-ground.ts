import type { Pixels } from "../vision/image.ts";
import { drawSvg } from "./pixels.ts";

/** Coarse outlines of the islands in degrees of longitude and latitude, drawn by hand for this card's ground. */
const ISLANDS: readonly string[] = [
  "95.3,5.6 97.5,5.2 98.3,4.4 100.4,2.6 101.4,2 103,.6 103.8,-1 104.5,-1.9 106,-3.1 105.8,-5.8 104.5,-5.8 102.3,-4 100.9,-2.3 100.3,-.8 98.8,1.7 97.1,3.3 95.4,4.9",
  "105.2,-6.8 106.1,-5.9 107,-6 108.3,-6.3 108.7,-6.8 110.4,-6.9 110.9,-6.4 111.6,-6.7 112.6,-6.9 112.8,-7.6 114.4,-7.8 114.4,-8.7 112.7,-8.4 110.3,-8 108.5,-7.8 106.5,-7.4",
  "109,1.5 109.7,2 110.5,.9 112.5,1.5 114.8,2.2 115.8,4.3 117.6,4.2 118,2.2 119,1 117.5,.5 116.5,-1.5 116,-3.9 114.6,-4.1 113,-3.2 111.7,-3.4 110.2,-2.9 109.9,-1.2 109.1,.3",
  "119.8,.8 121,1.3 123,.95 125.2,1.6 124.4,.4 120.9,.5 120.1,-.9 121.5,-.9 123.4,-.7 121.5,-1.9 122.4,-3.3 122.9,-4.4 121.6,-4.7 121,-2.7 120.4,-3 120.4,-5.6 119.4,-5.5 119.5,-3.4 118.8,-2.7 119.7,-.6",
  "131,-.8 132.5,-.4 134.1,-.8 134.2,-2.5 135,-3.3 137.8,-1.5 141,-2.6 141,-9.1 139,-8.1 138,-8.4 138.7,-7 138,-5.5 135,-4.4 132.8,-4 132,-2.8 133.8,-2.4 132,-2",
  "115.1,-8.1 115.7,-8.4 115.1,-8.8",
  "116.7,-8.4 118.3,-8.2 119,-8.5 118,-8.9 116.8,-9",
  "119.8,-8.5 121.5,-8.4 122.9,-8.3 121.5,-8.9 119.9,-8.8",
  "123.5,-10.3 125,-9.2 127.2,-8.4 125.5,-9.5 124,-10.4",
  "127.6,1.9 128.6,1.5 128,.3 128.2,-.8 127.7,.2",
  "128.2,-2.9 130.6,-3 129.6,-3.4 128.1,-3.3",
];

const groundAt = new Map<number, Promise<Pixels>>();

/**
 * The printed ground, the same on every card: light blue, fine waves, the archipelago. Drawn once for each size.
 * @param width, height  in pixels
 */
export function drawCardGround(width: number, height: number): Promise<Pixels> {
  let ground = groundAt.get(width);
  if (!ground) {
    ground = drawSvg(groundSvg(width, height));
    groundAt.set(width, ground);
  }
  return ground;
}

function groundSvg(width: number, height: number): string {
  const waves: string[] = [];
  const rosette = (cx: number, cy: number, r: number, petals: number, phase: number) => {
    const points = Array.from({ length: 181 }, (_, i) => {
      const a = (i * Math.PI) / 90;
      const reach = r * (0.72 + 0.28 * Math.cos(petals * a + phase));
      return `${(cx + reach * Math.cos(a) * 1.4).toFixed(1)} ${(cy + reach * Math.sin(a)).toFixed(1)}`;
    });
    return `M${points.join("L")}`;
  };
  for (let k = 0; k < 64; k++) {
    const points = Array.from({ length: 97 }, (_, i) => {
      const x = i / 96;
      const y =
        (k - 4) / 56 +
        0.035 * Math.sin(2 * Math.PI * (x * 1.7 + k * 0.014)) +
        0.02 * Math.sin(2 * Math.PI * (x * 4.1 - k * 0.03));
      return `${(x * width).toFixed(1)} ${(y * height).toFixed(1)}`;
    });
    waves.push(`M${points.join("L")}`);
  }
  const rosettes = Array.from({ length: 14 }, (_, i) =>
    rosette(width * 0.5, height * 0.54, height * (0.16 + 0.018 * i), 12, i * 0.22),
  );
  const islands = ISLANDS.map((island) => {
    const points = island.split(" ").map((pair) => {
      const [longitude, latitude] = pair.split(",").map(Number);
      return `${(width * (0.06 + ((longitude - 95) / 46) * 0.88)).toFixed(1)} ${(height * (0.56 - (latitude / 46) * 1.4)).toFixed(1)}`;
    });
    return `M${points.join("L")}Z`;
  }).join("");
  const line = (width / 1400) * 1.1;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
<defs><linearGradient id="g" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="#c3e0f0"/><stop offset=".5" stop-color="#d3eaf4"/><stop offset="1" stop-color="#b5d7ec"/></linearGradient></defs>
<rect width="100%" height="100%" fill="url(#g)"/>
<path d="${islands}" fill="#9fcbe4" fill-opacity=".55" stroke="#8bbcdb" stroke-width="${line * 1.4}"/>
<path d="${waves.join("")}" fill="none" stroke="#8fbfdd" stroke-opacity=".55" stroke-width="${line}"/>
<path d="${rosettes.join("")}" fill="none" stroke="#a9b8dd" stroke-opacity=".4" stroke-width="${line}"/>
</svg>`;
}
