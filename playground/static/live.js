/* Follows what the bot knows about one customer, by long poll; puts it into the world and says what is new. */

import { call, sleep, visible } from "./dom.js";
import { tell, world } from "./world.js";

export class Live {
  #onNews;
  #round = new AbortController();
  #asked = { customer: "", view: "web", visitor: "", session: "", after: 0 };

  /** `onNews(news)`: what `/live` answered; `fresh` when it is the start of a session's log. */
  constructor({ onNews }) {
    this.#onNews = onNews;
  }

  /** Begin again, from the start of the session that is to be seen. */
  look({ customer, view, visitor }) {
    this.#round.abort();
    this.#round = new AbortController();
    this.#asked = { customer, view, visitor, session: "", after: 0 };
    world.people = null;
    this.#empty();
    this.#follow(this.#round.signal);
  }

  async #follow(signal) {
    while (!signal.aborted) {
      await visible();
      const began = performance.now();
      try {
        const { customer, view, session, after, visitor } = this.#asked;
        const query = new URLSearchParams({ customer, view, session, after });
        const news = await call(`/live?${query}`, { signal, headers: { "X-Visitor": visitor } });
        if (signal.aborted) return;
        this.#take(news);
      } catch {
        if (signal.aborted) return;
        this.#onNews({ state: "offline" });
        await sleep(2000);
      }
      await sleep(Math.max(0, 250 - (performance.now() - began)));
    }
  }

  #take(news) {
    if (news.ledger) world.ledger = news.ledger;
    if (news.people) world.people = news.people;
    if (news.state === "quiet") {
      Object.assign(this.#asked, { session: "", after: 0 });
      this.#empty();
    }
    if (news.state === "ok") {
      if (news.fresh) this.#empty();
      world.session = news.session;
      world.events.push(...news.events);
      this.#asked.session = news.session.id;
      this.#asked.after = Math.max(this.#asked.after, ...news.events.map((event) => event.seq));
    }
    this.#onNews(news);
    tell();
  }

  #empty() {
    world.events.length = 0;
    world.session = null;
  }
}
