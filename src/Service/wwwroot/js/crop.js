/** The part of a picture that the video will show. It is cut out here, so that the video shows just what was chosen. */

import { Frame } from "./frames.js";
import { t } from "./texts.js";

const Negligible = 0.03;

/** The shape whose ratio is nearest to the picture's, as the service chooses it. */
const nearest = (shapes, width, height) => shapes
  .map(([h, w]) => ({ h, w, off: Math.abs(Math.round(100 * h / w) / 100 - height / width) }))
  .reduce((best, one) => one.off < best.off ? one : best);

/** Left, top, right and bottom of the largest part of a picture that has a shape, as near as possible to a point. */
export function cropBox(width, height, shape, [x, y] = [width / 2, height / 2]) {
  const scale = Math.min(width / shape.w, height / shape.h);
  const [w, h] = [shape.w * scale, shape.h * scale];
  const left = Math.max(0, Math.min(width - w, x - w / 2));
  const top = Math.max(0, Math.min(height - h, y - h / 2));
  return [left, top, left + w, top + h];
}

/** Adds the frame of the crop to a picture; null where the video shows the whole picture. */
export function addCrop(sheet, shapes, face, onMove) {
  if (!shapes || !sheet.width) return null;
  const { width, height } = sheet;
  const shape = nearest(shapes, width, height);
  const middle = cropBox(width, height, shape);
  if (width - (middle[2] - middle[0]) < Negligible * width && height - (middle[3] - middle[1]) < Negligible * height) return null;
  const box = face ? cropBox(width, height, shape, [(face[0] + face[2]) / 2, (face[1] + face[3]) / 2]) : middle;
  const frame = new Frame(sheet, box, { kind: "crop", label: t("Part of the picture that the video shows"), onMove });
  frame.middle = middle;
  sheet.add(frame);
  return frame;
}

/** Whether the service, which takes the middle, would cut out another part. */
export const isElsewhere = frame => frame.box.some((edge, number) => Math.abs(edge - frame.middle[number]) > 1);

/** The chosen part of a picture as a file. */
export async function cut(image, box, name) {
  const [left, top, right, bottom] = box.map(Math.round);
  const canvas = new OffscreenCanvas(right - left, bottom - top);
  canvas.getContext("2d").drawImage(image, left, top, right - left, bottom - top, 0, 0, right - left, bottom - top);
  return new File([await canvas.convertToBlob({ type: "image/png" })], name.replace(/\.[^.]+$/, "") + ".png", { type: "image/png" });
}
