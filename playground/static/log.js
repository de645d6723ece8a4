/* The event log: one row for each fact, filters, and the whole event on demand. It only shows. */

import { byId, clock, follower, h } from "./dom.js";
import { channelName, describe } from "./words.js";

const KEPT = 500; // events on the page
const NONE = "Every fact the bot learns becomes one event here, in order, and is never changed.";

export class Log {
  #filter = { group: "", text: "" };
  #list = byId("events");
  #toEnd = follower(byId("events"));

  constructor() {
    byId("filter-kind").addEventListener("change", (event) => this.#narrow({ group: event.target.value }));
    byId("filter-text").addEventListener("input", (event) => this.#narrow({ text: event.target.value.trim().toLowerCase() }));
  }

  /** Start a new log. */
  clear() {
    this.#list.replaceChildren();
    this.#emptiness();
  }

  /** Add events at the end of the log. */
  add(events) {
    const known = new Set([...this.#list.children].slice(-KEPT).map((row) => row.dataset.seq));
    for (const event of events) {
      if (!known.has(String(event.seq))) this.#list.append(this.#row(event));
    }
    while (this.#list.childElementCount > KEPT) this.#list.firstElementChild.remove();
    this.#emptiness();
    this.#toEnd();
  }

  #row(event) {
    const { group, title, detail } = describe(event);
    const said = h("span", { class: "said", title: detail }, h("b", {}, title), detail && h("span", {}, ` ${detail}`));
    const channel = event.channel ? h("span", { class: `badge ${event.channel}` }, channelName(event.channel)) : null;
    const body = () => `#${event.seq} ${event.kind}${event.turn ? `, turn ${event.turn}` : ""}\n${JSON.stringify(event.data, null, 2)}`;
    const details = h("details", {}, h("summary", {}, h("time", {}, clock(event.at, true)), channel, said));
    details.addEventListener("toggle", () => details.children.length > 1 || details.append(h("pre", {}, body())));
    const row = h("li", { "data-seq": event.seq, "data-group": group, "data-text": `${event.kind} ${title} ${detail} ${event.channel ?? ""}`.toLowerCase() }, details);
    row.hidden = !this.#passes(row);
    return row;
  }

  #passes(row) {
    const { group, text } = this.#filter;
    return (!group || row.dataset.group === group) && (!text || row.dataset.text.includes(text));
  }

  #narrow(change) {
    this.#filter = { ...this.#filter, ...change };
    for (const row of this.#list.children) row.hidden = !this.#passes(row);
    this.#emptiness();
  }

  #emptiness() {
    const rows = [...this.#list.children];
    const shown = rows.some((row) => !row.hidden);
    this.#list.classList.toggle("empty", !shown);
    byId("no-events").hidden = shown;
    byId("no-events").textContent = rows.length ? "No event matches the filter." : NONE;
  }
}
