/** Rectangles over a picture that are moved and sized with the pointer or the arrow keys: the crop, and the places of two people. */

import { make } from "./util.js";
import { t } from "./texts.js";

const KeyStep = 0.02;

/** A picture that is shown whole, with rectangles over it. Positions are in pixels of the picture. */
export class Sheet {
  constructor(image) {
    this.image = image;
    this.frames = [];
    this.element = make("div", { class: "sheet" }, image);
    this.watch = new ResizeObserver(() => this.draw());
    this.watch.observe(this.element);
    image.addEventListener("load", () => this.draw());
  }

  get width() { return this.image.naturalWidth; }

  get height() { return this.image.naturalHeight; }

  /** Pixels of the page for a pixel of the picture. */
  get scale() { return Math.min(this.element.clientWidth / this.width, this.element.clientHeight / this.height) || 1; }

  add(frame) {
    this.frames.push(frame);
    this.element.append(frame.element);
    this.draw();
  }

  clear() {
    for (const frame of this.frames) frame.element.remove();
    this.frames = [];
  }

  draw() {
    if (!this.width) return;
    const left = (this.element.clientWidth - this.width * this.scale) / 2;
    const top = (this.element.clientHeight - this.height * this.scale) / 2;
    for (const frame of this.frames) frame.place(left, top, this.scale);
  }
}

/** One rectangle. */
export class Frame {
  /** @param box left, top, right, bottom; @param canGrow whether its size may change */
  constructor(sheet, box, { label, text = "", kind, canGrow = false, onMove = () => {} }) {
    Object.assign(this, { sheet, box, canGrow, onMove, moved: false });
    this.words = make("span", { class: "frame-name" }, text);
    this.element = make("div", { class: `frame ${kind}`, tabIndex: 0, role: "group", "aria-label": label, title: t("Drag it, or move it with the arrow keys") }, this.words);
    this.element.addEventListener("pointerdown", event => this.grab(event, false));
    this.element.addEventListener("keydown", event => this.press(event));
    if (!canGrow) return;
    const corner = make("i", { class: "corner", title: t("Drag to change the size; Shift and the arrow keys do too") });
    corner.addEventListener("pointerdown", event => this.grab(event, true));
    this.element.append(corner);
  }

  place(left, top, scale) {
    const [l, t_, r, b] = this.box;
    Object.assign(this.element.style, { left: `${left + l * scale}px`, top: `${top + t_ * scale}px`, width: `${(r - l) * scale}px`, height: `${(b - t_) * scale}px` });
  }

  /** Moves the rectangle, or its lower right corner, and keeps it inside the picture. */
  shift(x, y, grows) {
    const [l, top, r, b] = this.from;
    const { width, height } = this.sheet;
    if (grows) {
      const least = Math.min(width, height) / 8;
      this.box = [l, top, Math.min(width, Math.max(l + least, r + x)), Math.min(height, Math.max(top + least, b + y))];
    } else {
      const right = Math.max(-l, Math.min(width - r, x));
      const down = Math.max(-top, Math.min(height - b, y));
      this.box = [l + right, top + down, r + right, b + down];
    }
    this.moved = true;
    this.sheet.draw();
  }

  grab(event, grows) {
    event.preventDefault();
    event.stopPropagation();
    this.element.focus();
    const { clientX, clientY } = event;
    const scale = this.sheet.scale;
    this.from = this.box;
    const stop = new AbortController();
    const end = () => { stop.abort(); this.onMove(); };
    window.addEventListener("pointermove", move => this.shift((move.clientX - clientX) / scale, (move.clientY - clientY) / scale, grows), { signal: stop.signal });
    for (const name of ["pointerup", "pointercancel"]) window.addEventListener(name, end, { signal: stop.signal });
  }

  press(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!steps) return;
    event.preventDefault();
    this.from = this.box;
    const step = KeyStep * Math.max(this.sheet.width, this.sheet.height);
    this.shift(steps[0] * step, steps[1] * step, this.canGrow && event.shiftKey);
    this.onMove();
  }
}
