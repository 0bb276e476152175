/** The picture or video of the person, with the part that the video shows and the places of two people. */

import { capital, make, size } from "./util.js";
import { t } from "./texts.js";
import { said } from "./sentences.js";
import { Input, fits, pathOf } from "./inputs.js";
import { Frame, Sheet } from "./frames.js";
import { addCrop, cut, isElsewhere } from "./crop.js";

export class PictureInput extends Input {
  constructor(onChange) {
    super("picture", "picture", onChange);
    this.sheet = this.crop = null;
    this.people = null;
    this.persons = [];
  }

  /** The request's field. */
  get field() {
    if (this.found) return this.found.field;
    const name = this.file ? this.file.name : pathOf(this.url);
    const types = this.file?.type ?? "";
    return !types.startsWith("image/") && this.offered.some(field => field.name === "video" && fits(field.accept, name, types)) ? "video" : "image";
  }

  wrongKind(type) {
    return t("This is neither a picture nor a video ({type}). Choose a picture such as PNG or JPEG, or a video such as MP4.", { type });
  }

  advice(error) {
    return `${t("This file cannot be used: {reason}.", { reason: error.message.replace(/\.$/, "") })} ${error.code === "too_large"
      ? t("Make it smaller, or choose another one.") : t("Choose a picture such as PNG or JPEG, or a video such as MP4.")}`;
  }

  async show(file, source) {
    const caption = make("div", { class: "caption", title: file.name }, `${file.name} · ${size(file.size)}`);
    this.filled.className = "filled";
    if (this.field === "video") {
      const video = make("video", { src: source, muted: true, loop: true, autoplay: true, playsInline: true, "aria-label": t("Your video") });
      this.filled.replaceChildren(video, caption);
      return;
    }
    const image = make("img", { src: source, alt: t("Your picture"), draggable: false });
    this.sheet = new Sheet(image);
    this.filled.replaceChildren(this.sheet.element, caption);
    try {
      await image.decode();
    } catch {
      // Not every picture that the service reads is one that browsers show.
      this.filled.replaceChildren(make("span", { class: "hint" }, t("This browser cannot show this picture.")), caption);
      this.sheet = null;
    }
    this.drawFrames();
  }

  /** The model and size for which the picture is checked, and the shapes of their videos; null keeps the picture's own. */
  aim(model, sizeName, shapes) {
    const changed = this.target?.model !== model || this.target?.size !== sizeName;
    this.target = { model, size: sizeName };
    this.shapes = shapes;
    if (!changed) return;
    this.drawFrames();
    this.check();
  }

  /** Shows the places of two people with their names; null shows none. */
  showPeople(names) {
    if (JSON.stringify(names) === JSON.stringify(this.people)) return;
    this.people = names;
    this.drawFrames();
  }

  /** Frames belong to one picture. */
  reset() {
    super.reset();
    this.sheet = this.crop = null;
    this.persons = [];
  }

  onFound(found) {
    const sentence = capital(said(found.notice ?? ""));
    const noFace = found.field === "image" && !found.face && !this.people && !this.shapes && found.width !== found.height;
    this.tell(sentence ? `${sentence}.` : noFace ? t("No face was found, so it is expected in the middle. Crop the picture if it is elsewhere.") : null);
    if (this.crop && !this.crop.moved) this.drawFrames();
  }

  drawFrames() {
    if (!this.sheet) return;
    const kept = this.persons.map(frame => frame.moved ? frame.box : null);
    const keptCrop = this.crop?.moved ? this.crop.box : null;
    this.sheet.clear();
    this.crop = addCrop(this.sheet, this.shapes, this.found?.face, () => this.onChange());
    if (this.crop && keptCrop) Object.assign(this.crop, { box: keptCrop, moved: true });
    this.persons = (this.people ?? []).map((name, number) => this.addPerson(name, number, kept[number]));
    this.sheet.draw();
  }

  addPerson(name, number, kept) {
    const half = this.sheet.width / 2;
    const box = kept ?? [number * half, 0, (number + 1) * half, this.sheet.height];
    const frame = new Frame(this.sheet, box, { kind: `person person-${number + 1}`, canGrow: true, text: name, label: t("Place of {name}", { name }), onMove: () => this.onChange() });
    frame.moved = kept !== null && kept !== undefined;
    this.sheet.add(frame);
    return frame;
  }

  /** The places of two people in the picture that is sent, or null where they are its halves. */
  get boxes() {
    if (this.persons.length < 2 || !this.persons.some(frame => frame.moved)) return null;
    const [x, y, right, bottom] = this.isCut ? this.crop.box : [0, 0, this.sheet.width, this.sheet.height];
    const inside = (value, most) => Math.round(Math.max(0, Math.min(most, value)));
    return this.persons.map(({ box: [l, top, r, b] }) => [inside(l - x, right - x), inside(top - y, bottom - y), inside(r - x, right - x), inside(b - y, bottom - y)]);
  }

  get isCut() { return this.crop !== null && isElsewhere(this.crop); }

  /** The file to send. */
  async upload() {
    return this.isCut ? cut(this.sheet.image, this.crop.box, this.file.name) : this.file;
  }

  /** What was chosen, to be restored after a reload. */
  get choices() {
    return { crop: this.crop?.moved ? this.crop.box : null, persons: this.persons.map(frame => frame.moved ? frame.box : null) };
  }

  restore({ crop, persons }) {
    if (this.crop && crop) Object.assign(this.crop, { box: crop, moved: true });
    this.persons.forEach((frame, number) => persons?.[number] && Object.assign(frame, { box: persons[number], moved: true }));
    this.sheet?.draw();
  }
}
