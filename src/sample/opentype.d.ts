/** The part of opentype.js 2 that is used here; the package brings no types. It is CommonJS: one object, imported whole. */
declare module "opentype.js" {
  export interface Command {
    readonly type: "M" | "L" | "C" | "Q" | "Z";
    readonly x?: number;
    readonly y?: number;
    readonly x1?: number;
    readonly y1?: number;
    readonly x2?: number;
    readonly y2?: number;
  }
  export interface Path {
    readonly commands: readonly Command[];
  }
  export interface Font {
    getPath(text: string, x: number, y: number, fontSize: number): Path;
    getAdvanceWidth(text: string, fontSize: number): number;
  }
  const opentype: { parse(bytes: ArrayBuffer): Font };
  // biome-ignore lint/style/noDefaultExport: this is how the package exports.
  export default opentype;
}
