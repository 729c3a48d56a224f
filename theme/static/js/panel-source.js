// panel.json, read with its ETag; the last one is kept in the device, for a screen that starts again without network.

const KEPT = "beffroi-panel";
const ANSWER = 10000;

export class Source {
  items = [];
  failures = 0;
  readAt = null;
  #etag = null;

  constructor(address) {
    this.address = address;
  }

  /** Read the file again. A failure leaves what is known as it is, and counts. */
  async read() {
    try {
      const answer = await fetch(this.address, {
        headers: this.#etag ? { "If-None-Match": this.#etag } : {},
        cache: this.#etag ? "default" : "no-cache",
        signal: AbortSignal.timeout(ANSWER),
      });
      if (answer.status !== 304) await this.#take(answer);
      this.failures = 0;
      this.readAt = new Date();
    } catch {
      this.failures += 1;
    }
  }

  async #take(answer) {
    if (!answer.ok) throw new Error(answer.status);
    const copy = answer.clone();
    const { items } = await answer.json();
    if (!Array.isArray(items)) throw new Error("no list");
    this.items = items;
    this.#etag = answer.headers.get("ETag");
    await this.#keep(copy);
  }

  async #keep(answer) {
    if (!("caches" in window)) return;
    await (await caches.open(KEPT)).put(this.address, answer).catch(() => {});
  }

  /** What was read last, before the first answer comes. */
  async restore() {
    try {
      const kept = await (await caches.open(KEPT)).match(this.address);
      if (!kept) return;
      this.items = (await kept.json()).items;
      this.readAt = new Date(kept.headers.get("Date") || Date.now());
    } catch {
      // nothing kept: the screen shows the time
    }
  }
}
