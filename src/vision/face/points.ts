/** Which points of MediaPipe's face mesh (468) and iris network (76) mean what. "Left" and "right" are the picture's. */

/** The corners of an eye. */
export interface EyeCorners {
  readonly outer: number;
  readonly inner: number;
}
export const LEFT_EYE: EyeCorners = { outer: 33, inner: 133 };
export const RIGHT_EYE: EyeCorners = { outer: 263, inner: 362 };

/** Inner edge of the lips: middle above and below, corners. */
export const LIPS = { upper: 13, lower: 14, left: 78, right: 308 } as const;

/**
 * The iris network's lids: `UPPER_LID[i]` stands above `LOWER_LID[i]`, from the outer corner inwards; and its iris
 * (right, top, left, bottom, around the centre at 71).
 */
export const LOWER_LID = [1, 2, 3, 4, 5, 6, 7] as const;
export const UPPER_LID = [9, 10, 11, 12, 13, 14, 15] as const;
export const IRIS = { centre: 71, right: 72, top: 73, left: 74, bottom: 75 } as const;

/**
 * The mesh's points nearest to those of the iBUG 68-point scheme that dlib aligns by: bridge and base of the nose
 * (27–35), both eyes (36–47), upper lip and inner corners of the mouth (48–54, 60–64).
 */
export const IBUG_POINTS: readonly number[] = [
  168, 197, 5, 4, 75, 97, 2, 326, 305, 33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380, 61, 39, 37,
  0, 267, 269, 291, 78, 82, 13, 312, 308,
];
