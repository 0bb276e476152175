/** All jobs of the token, from the service: a reload loses nothing. */

import { byId, make, ago, isOpen, titleOf } from "./util.js";
import { t } from "./texts.js";
import { toast, toastError, hush } from "./toast.js";
import * as api from "./api.js";
import { explain } from "./advice.js";
import { remember, remembered } from "./remembered.js";

const UndoTime = 10_000;
const Unfinished = "locutor.deletions"; // ids of jobs whose deletion was sent when this tab left the page

export class History {
  /** @param onOpen a tile was chosen; @param onCompare two videos were chosen to be compared; @param onGone a job was deleted */
  constructor(onOpen, onCompare, onGone) {
    Object.assign(this, { onOpen, onCompare, onGone });
    this.list = byId("history");
    this.more = byId("more");
    this.jobs = new Map();
    this.leaving = new Map();
    this.compared = [];
    this.cursor = null;
    this.current = null;
    this.others = new BroadcastChannel("locutor-jobs");
    this.others.onmessage = ({ data }) => {
      if (data.job) this.put(data.job, false);
      else if (this.jobs.has(data.gone)) this.drop(data.gone);
    };
    this.more.addEventListener("click", () => this.load(this.cursor).catch(toastError));
    // A deleted job must be gone, also when the page is left before the time to undo is over. The request may be lost or come after the
    // next page has asked for the list, so that page deletes what it still finds there.
    this.unfinished = new Set(JSON.parse(remembered(Unfinished, "sessionStorage") ?? "[]"));
    remember(Unfinished, null, "sessionStorage");
    window.addEventListener("pagehide", () => {
      if (this.leaving.size) remember(Unfinished, JSON.stringify([...this.leaving.keys()]), "sessionStorage");
      for (const id of this.leaving.keys()) this.remove(id).catch(() => {});
    });
  }

  async load(cursor = null) {
    const part = await api.jobs(cursor);
    if (!cursor) this.jobs.clear();
    for (const job of part.jobs) {
      if (this.unfinished.delete(job.id)) {
        this.leaving.set(job.id, null);
        this.remove(job.id).catch(toastError);
      } else this.jobs.set(job.id, job);
    }
    this.cursor = part.next_cursor ?? null;
    const wasAsked = document.activeElement === this.more;
    this.more.hidden = !this.cursor;
    this.draw();
    // A hidden button would take the keyboard along.
    if (wasAsked && !this.cursor) this.list.querySelector(`[data-id="${part.jobs[0]?.id}"]`)?.focus();
  }

  /** Takes a change of one job up, and tells other tabs of a new one. */
  put(job, isOwn = true) {
    if (this.leaving.has(job.id)) return;
    if (this.jobs.has(job.id)) {
      this.jobs.set(job.id, job);
    } else {
      this.jobs = new Map([[job.id, job], ...this.jobs]);
      if (isOwn) this.others.postMessage({ job });
    }
    const tile = this.list.querySelector(`[data-id="${job.id}"]`);
    if (tile) this.fill(tile, job);
    else this.draw();
  }

  /** Jobs that are not over and not the one being followed, for a look now and then. */
  get open() {
    return [...this.jobs.values()].filter(job => isOpen(job) && job.id !== this.current);
  }

  choose(id) {
    this.current = id;
    for (const tile of this.list.querySelectorAll(".tile")) tile.setAttribute("aria-current", String(tile.dataset.id === id));
  }

  /** Takes a job away; it is deleted when the time to undo is over. */
  discard(job) {
    const place = [...this.jobs.keys()].indexOf(job.id);
    this.drop(job.id);
    this.leaving.set(job.id, setTimeout(() => this.remove(job.id).catch(error => { this.putBack(job, place); toastError(error); }), UndoTime));
    toast(t("{name} is deleted", { name: titleOf(job) }), { shown: UndoTime, action: { label: t("Undo"), run: () => this.restore(job, place) } });
  }

  restore(job, place) {
    clearTimeout(this.leaving.get(job.id));
    if (!this.leaving.delete(job.id)) return;
    this.putBack(job, place);
    this.onOpen(job);
  }

  putBack(job, place) {
    const all = [...this.jobs];
    all.splice(place, 0, [job.id, job]);
    this.jobs = new Map(all);
    this.draw();
  }

  async remove(id) {
    clearTimeout(this.leaving.get(id));
    try {
      await api.remove(id);
      this.others.postMessage({ gone: id });
    } catch (error) {
      if (error.status !== 404) throw error;
    } finally {
      this.leaving.delete(id);
    }
  }

  drop(id) {
    this.jobs.delete(id);
    this.compared = this.compared.filter(one => one !== id);
    this.draw();
    this.onGone(id);
  }

  draw() {
    const tiles = [...this.jobs.values()].filter(job => !this.leaving.has(job.id)).map(job => {
      const tile = make("button", { class: "tile", type: "button", onclick: () => this.onOpen(this.jobs.get(job.id)) });
      tile.dataset.id = job.id;
      tile.setAttribute("aria-current", String(job.id === this.current));
      const item = make("li", {}, tile, make("button", { type: "button", class: "compare", onclick: () => this.toggle(job.id) }));
      this.fill(tile, job, item);
      return item;
    });
    const held = this.list.contains(document.activeElement) ? document.activeElement : null;
    this.list.replaceChildren(...(tiles.length ? tiles : [make("li", { class: "none" }, t("Nothing here yet."))]));
    if (held) this.holdFocus(held);
  }

  /** Puts the keyboard where it was before the tiles were drawn anew. */
  holdFocus(held) {
    const id = held.closest("li").querySelector(".tile").dataset.id;
    const tile = this.list.querySelector(`[data-id="${id}"]`);
    const place = held.classList.contains("compare") ? tile?.nextElementSibling : tile;
    place?.focus({ preventScroll: true });
  }

  /** Marks a video for comparison; the second one opens it. */
  toggle(id) {
    this.compared = this.compared.includes(id) ? this.compared.filter(one => one !== id) : [...this.compared.slice(-1), id];
    for (const tile of this.list.querySelectorAll(".tile")) this.markCompared(tile, this.jobs.get(tile.dataset.id));
    if (this.compared.length === 2) {
      hush();
      this.onCompare(...this.compared.map(one => this.jobs.get(one)));
    } else if (this.compared.length === 1) toast(t("Choose a second video to compare"));
  }

  /** Brings the words for how long ago up to date. */
  showAges() {
    for (const tile of this.list.querySelectorAll(".tile")) {
      const words = ago(this.jobs.get(tile.dataset.id).created_at);
      const shown = tile.querySelector(".when > span");
      if (shown.textContent !== words) shown.textContent = words;
    }
  }

  markCompared(tile, job, item = tile.parentElement) {
    const button = item.querySelector(".compare");
    button.hidden = job.status !== "succeeded";
    button.setAttribute("aria-pressed", String(this.compared.includes(job.id)));
    button.setAttribute("aria-label", t("Compare {name}", { name: titleOf(job) }));
    button.textContent = t("Compare");
  }

  fill(tile, job, item) {
    const picture = job.result?.thumbnail ?? job.inputs.find(input => input.field === "image" && input.href)?.href;
    const source = tile.querySelector("img")?.getAttribute("src");
    const running = job.status === "running";
    if (tile.dataset.status === job.status && source === (picture ?? undefined)) {
      if (running) tile.querySelector("progress").value = job.progress.percent;
      return;
    }
    tile.dataset.status = job.status;
    const failed = ["failed", "expired"].includes(job.status) ? explain(job).title : null;
    tile.replaceChildren(
      make("span", { class: "picture" },
        picture && job.status !== "expired" ? make("img", { src: picture, alt: "", loading: "lazy" }) : make("span", { class: "mark", "aria-hidden": "true" }, "✗"),
        running ? make("progress", { max: 100, value: job.progress.percent, "aria-label": t("Progress") }) : null),
      make("span", { class: "words" },
        make("span", { class: "title", dir: "auto" }, titleOf(job)),
        make("span", { class: "about", dir: "auto" }, failed ?? job.prompt),
        make("span", { class: "when" }, make("span", {}, ago(job.created_at)), make("span", { class: `badge ${job.status}` }, t(job.status)))));
    this.markCompared(tile, job, item);
  }
}
