/* The guided tour: a panel beside the panes, never above them. It can be left, skipped through and begun again. */

import { byId, h } from "./dom.js";
import { show as showTab } from "./tabs.js";
import { acts } from "./tour_acts.js";
import { STEPS } from "./tour_steps.js";
import { listen, until } from "./world.js";

const KEEP = "throughline-tour";
const SLOW = "This takes longer than usual. Try again, or skip the step.";
const PATIENCE_MS = 25_000;

export class Tour {
  #acts;
  #steps = STEPS;
  #at = -1; // the step that is shown; -1 before the first
  #seen = null;
  #busy = false;
  #round = new AbortController();

  /** `page`: the panes, and what the tour may do besides (see `acts`). */
  constructor(page) {
    this.#acts = acts(page);
    byId("take-tour").addEventListener("click", () => (byId("tour").hidden ? this.open() : this.close()));
    byId("tour-close").addEventListener("click", () => this.close());
    byId("tour-do").addEventListener("click", () => this.#press());
    byId("tour-skip").addEventListener("click", () => this.#next({ skipped: true }));
    byId("tour-again").addEventListener("click", () => this.open());
    byId("tour").addEventListener("keydown", (event) => event.key === "Escape" && this.close());
    listen(() => this.#look());
  }

  /** Offer the tour to somebody who is here for the first time. `parts`: what is pretended here; the rest is left out. */
  offer(parts = {}) {
    this.#steps = STEPS.filter((step) => !step.needs || parts[step.needs] !== false);
    if (!localStorage.getItem(KEEP)) this.open({ focus: false });
  }

  /** Show the panel at its beginning. */
  open({ focus = true } = {}) {
    this.#leave();
    this.#at = -1;
    this.#happened("");
    this.#frame(true);
    this.#words(
      "New here? Take the two-minute tour",
      "A customer begins a refund on the website, confirms by WhatsApp, the team approves in Slack, and a letter comes by mail. You press one button for each step; everything really happens.",
      "Start the tour",
    );
    if (focus) byId("tour-do").focus({ preventScroll: true });
  }

  /** Put the panel away. */
  close() {
    this.#leave();
    localStorage.setItem(KEEP, "seen");
    const inside = byId("tour").contains(document.activeElement);
    this.#frame(false);
    if (inside) byId("take-tour").focus();
  }

  async #press() {
    if (this.#busy) return;
    if (this.#at === -1) return this.#start();
    if (this.#at === this.#steps.length) return this.close();
    const step = this.#steps[this.#at];
    const { signal } = this.#round;
    this.#wait(true);
    try {
      await step.act(this.#acts, this.#seen, signal);
    } catch {
      if (!signal.aborted) return this.#slow();
    }
    const found = await until(() => step.done(this.#seen), { patience: PATIENCE_MS, signal });
    if (!found && !signal.aborted && this.#steps[this.#at] === step) this.#slow();
  }

  async #start() {
    this.#wait(true);
    const { signal } = this.#round;
    localStorage.setItem(KEEP, "seen");
    try {
      const seen = await this.#acts.begin(signal);
      if (signal.aborted) return;
      this.#seen = seen;
      this.#next();
    } catch {
      if (!signal.aborted) this.#slow();
    }
  }

  /** A step is done when what it waits for has happened, whoever did it: also by hand. */
  #look() {
    const step = this.#steps[this.#at];
    if (!step || !this.#seen || !step.done(this.#seen)) return;
    this.#next();
  }

  #next({ skipped = false } = {}) {
    if (this.#at === -1 && skipped) return this.#start();
    this.#round.abort();
    this.#round = new AbortController();
    const before = this.#steps[this.#at];
    this.#happened(before && !skipped ? before.after : "");
    if (!skipped) before?.show?.(this.#acts, this.#seen);
    this.#at = Math.min(this.#at + 1, this.#steps.length);
    const step = this.#steps[this.#at];
    this.#frame(true);
    if (!step) return this.#end();
    this.#words(step.title, step.text, step.button);
    this.#light(step.pane, step.spot);
  }

  #end() {
    this.#light("slack");
    this.#words(
      "That was the tour",
      "One person, four channels, one task, one refund. Now try to break it: write as Robin with “/reply”, take over a conversation, send a forged mail, or read “Five things to try” under “How this works”.",
      "Close the tour",
    );
  }

  #leave() {
    this.#round.abort();
    this.#round = new AbortController();
    this.#seen = null;
    this.#light("");
  }

  #words(title, text, button) {
    byId("tour-title").textContent = title;
    byId("tour-text").textContent = text;
    byId("tour-do").textContent = button;
    this.#wait(false);
  }

  #happened(text) {
    byId("tour-happened").textContent = text;
    byId("tour-happened").hidden = !text;
  }

  #wait(busy) {
    this.#busy = busy;
    byId("tour").classList.remove("slow");
    byId("tour-do").setAttribute("aria-disabled", String(busy));
  }

  #slow() {
    this.#wait(false);
    byId("tour-words").dataset.slow = SLOW;
    byId("tour").classList.add("slow");
  }

  #frame(open) {
    byId("tour").hidden = !open;
    byId("take-tour").setAttribute("aria-expanded", String(open));
    const [at, last] = [this.#at, this.#steps.length];
    byId("tour-count").textContent = at < 0 ? "Guided tour" : at === last ? "Done" : `Step ${at + 1} of ${last}`;
    byId("tour-dots").replaceChildren(...this.#steps.map((_, index) => h("li", { class: index < at ? "done" : index === at ? "now" : null })));
    byId("tour-skip").hidden = at < 0 || at === last;
    byId("tour-again").hidden = at < 0;
  }

  #light(pane, spot = `[data-pane="${pane}"]`) {
    for (const lit of document.querySelectorAll(".lit")) lit.classList.remove("lit");
    if (!pane) return;
    showTab(pane);
    const lit = document.querySelector(spot);
    lit?.classList.add("lit");
    if (innerWidth <= 720) return;
    byId("inside").scrollTop = 0;
    lit?.scrollIntoView({ block: "nearest" });
  }
}
