/** All jobs of the token, from the service: a reload loses nothing. */

import { byId, make, ago } from "./util.js";
import * as api from "./api.js";

export class History {
  constructor(onOpen) {
    this.list = byId("history");
    this.more = byId("more");
    this.jobs = new Map();
    this.cursor = null;
    this.current = null;
    this.onOpen = onOpen;
    this.more.addEventListener("click", () => this.load(this.cursor));
  }

  async load(cursor = null) {
    const part = await api.jobs(cursor);
    if (!cursor) this.jobs.clear();
    for (const job of part.jobs) this.jobs.set(job.id, job);
    this.cursor = part.next_cursor ?? null;
    this.more.hidden = !this.cursor;
    this.draw();
  }

  /** Takes a change of one job up. */
  put(job) {
    if (job.status === "deleted") this.jobs.delete(job.id);
    else if (this.jobs.has(job.id)) this.jobs.set(job.id, job);
    else this.jobs = new Map([[job.id, job], ...this.jobs]);
    const tile = this.list.querySelector(`[data-id="${job.id}"]`);
    if (tile && job.status !== "deleted") this.fill(tile, job);
    else this.draw();
  }

  /** Jobs that are not over and not the one being followed, for a look now and then. */
  get open() {
    return [...this.jobs.values()].filter(job => ["queued", "running"].includes(job.status) && job.id !== this.current);
  }

  choose(id) {
    this.current = id;
    for (const tile of this.list.querySelectorAll(".tile")) tile.setAttribute("aria-current", String(tile.dataset.id === id));
  }

  /** Seconds of making per second of video, from the latest finished jobs; null while there are none. */
  pace(model) {
    const done = [...this.jobs.values()].filter(job => job.result?.seconds > 0 && (!model || !job.model || job.model === model)).slice(0, 5);
    if (done.length === 0) return null;
    // The sums are compared, not the ratios: a very short video has much work that does not depend on its length.
    const sum = value => done.reduce((total, job) => total + value(job.result), 0);
    return sum(result => result.generation_seconds) / sum(result => result.seconds);
  }

  draw() {
    const tiles = [...this.jobs.values()].map(job => {
      const tile = make("button", { class: "tile", type: "button", onclick: () => this.onOpen(this.jobs.get(job.id)) });
      tile.dataset.id = job.id;
      tile.setAttribute("aria-current", String(job.id === this.current));
      this.fill(tile, job);
      return make("li", {}, tile);
    });
    this.list.replaceChildren(...(tiles.length ? tiles : [make("li", { class: "none" }, "Nothing here yet.")]));
  }

  fill(tile, job) {
    const picture = job.result?.thumbnail ?? job.inputs.find(input => input.field === "image" && input.href)?.href;
    const source = tile.querySelector("img")?.getAttribute("src");
    const running = job.status === "running";
    if (tile.dataset.status === job.status && source === (picture ?? undefined)) {
      if (running) tile.querySelector("progress").value = job.progress.percent;
      return;
    }
    tile.dataset.status = job.status;
    tile.replaceChildren(
      make("span", { class: "picture" },
        picture && job.status !== "expired" ? make("img", { src: picture, alt: "", loading: "lazy" }) : null,
        running ? make("progress", { max: 100, value: job.progress.percent, "aria-label": "Progress" }) : null),
      make("span", { class: "words" },
        make("span", { class: "title" }, job.prompt),
        make("span", { class: "when" }, make("span", {}, ago(job.created_at)), make("span", { class: `badge ${job.status}` }, job.status))));
  }
}
