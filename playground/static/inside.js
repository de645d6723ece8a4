/* What the bot knows, drawn from the live view: identities, task, event log, ledger. It only shows. */

import { byId, clock, follower, h, plain, svg } from "./dom.js";
import { channelName, describe, proofName } from "./words.js";

const STEPS = { refund: ["retrieve", "decide", "request", "notify"] };
const TONES = {
  eligible: "good", confirmed: "good", done: "good", paid: "good", pending: "warn", unknown: "", ineligible: "bad",
  refused: "bad", failed: "bad", declined: "warn", cancelled: "warn", handed_off: "warn",
};
const ICONS = {
  web: ["M4 5h16v11H4z", "M9 20h6", "M12 16v4"],
  phone: ["M7 3h10v18H7z", "M11 18h2"],
};
const STATES = {
  ok: ["live", "ok"], quiet: ["waiting for a first message", "ok"], offline: ["the bot cannot be reached", "bad"],
  refused: ["the bot refused the operators’ token", "bad"], broken: ["the bot answered with an error", "bad"],
};
const ORDER = ["invoice_id", "customer_id", "refund_reason", "eligibility_status", "confirmation"];
const KEPT = 500; // events on the page

export class Inside {
  #onView;
  #slots = new Map(); // what the task card showed last, to mark what is new
  #filter = { group: "", text: "" };
  #toEnd = follower(byId("events"));

  constructor({ onView }) {
    this.#onView = onView;
    byId("filter-kind").addEventListener("change", (event) => this.#narrow({ group: event.target.value }));
    byId("filter-text").addEventListener("input", (event) => this.#narrow({ text: event.target.value.trim().toLowerCase() }));
  }

  /** Show how the connection stands. */
  pulse(state) {
    const [words, tone] = STATES[state] ?? ["connecting…", ""];
    const pulse = byId("pulse");
    if (pulse.textContent !== words) pulse.textContent = words;
    pulse.className = `pulse ${tone}`;
  }

  /** Show who the bot thinks is writing, from both ends. */
  people(people, { view, customer }) {
    const { web, phone, same } = people;
    const signed = web?.identities?.some((one) => one.channel === "web" && one.assurance === "verified");
    const asked = (name) => (same || !(web && phone) ? null : view === name);
    const left = person("web", "Website visitor", web, { pressed: asked("web"), onclick: () => this.#onView("web") });
    const right = person("phone", customer.phone, phone, { pressed: asked("phone"), onclick: () => this.#onView("phone") });
    const middle = same ? "one person" : web && phone && !signed ? "sign in to join" : "not joined";
    byId("people").replaceChildren(left, h("div", { class: same ? "knot one" : "knot" }, middle), right);
  }

  /** Show the task at hand, or the last one. */
  task(session, { customer, signed, people }) {
    const ended = (session?.tasks ?? []).filter((task) => task.outcome);
    const task = session?.task ?? ended.at(-1) ?? null;
    byId("work").replaceChildren(...(task ? this.#work(task, session) : [guide(customer, signed, people)]));
  }

  /** Start a new log. */
  clear() {
    byId("events").replaceChildren();
    this.#slots.clear();
    this.#emptiness();
  }

  /** Add events at the end of the log. */
  add(events) {
    const list = byId("events");
    const known = new Set([...list.children].slice(-KEPT).map((row) => row.dataset.seq));
    for (const event of events) {
      if (!known.has(String(event.seq))) list.append(this.#row(event));
    }
    while (list.childElementCount > KEPT) list.firstElementChild.remove();
    this.#emptiness();
    this.#toEnd();
  }

  /** Show what Acme wrote down for this customer. */
  ledger(entries) {
    const refunds = entries.filter((entry) => entry.kind === "refund").length;
    const count = byId("ledger-count");
    const words = refunds === 1 ? "1 refund" : `${refunds} refunds`;
    if (count.textContent !== words) count.textContent = words;
    count.classList.toggle("some", refunds > 0);
    byId("ledger").replaceChildren(...entries.map(entryRow));
    byId("no-ledger").hidden = entries.length > 0;
  }

  #work(task, session) {
    const tone = task.outcome ?? (task.confirmation === "pending" && task.question ? "pending" : "");
    const state = task.outcome ? plain(task.outcome) : task.question ? "Waits for an answer" : "In progress";
    const tickets = (session.tickets ?? []).map((ticket) => badge(`Ticket ${ticket.number}`, "warn"));
    return [
      h("div", { class: "title" }, h("b", {}, plain(task.workflow)), badge(state, TONES[tone] ?? ""), session.mode === "staff" && badge("A person answers", "warn"), tickets),
      steps(task),
      this.#slotTable(task),
      task.question && !task.outcome && h("p", { class: "question" }, questionText(task)),
    ].filter(Boolean);
  }

  #slotTable(task) {
    const values = { ...task.slots };
    if (task.confirmation) values.confirmation ??= task.confirmation;
    const shown = Object.entries(values).map(([name, slot]) => [name, slotText(slot)]).filter(([, text]) => text !== "").sort(([a], [b]) => place(a) - place(b));
    const cells = shown.map(([name, text]) => {
      const fresh = this.#slots.has(name) ? this.#slots.get(name) !== text : this.#slots.size > 0;
      return h("div", { class: [TONES[text] ?? "", fresh && "fresh"].filter(Boolean).join(" ") || null }, h("dt", {}, plain(name)), h("dd", {}, plainValue(text)));
    });
    this.#slots = new Map(shown);
    return cells.length > 0 && h("dl", { class: "slots" }, cells);
  }

  #row(event) {
    const { group, title, detail } = describe(event);
    const said = h("span", { class: "said", title: detail }, h("b", {}, title), detail && h("span", {}, ` ${detail}`));
    const channel = event.channel ? badge(channelName(event.channel), event.channel) : h("span", {});
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
    for (const row of byId("events").children) row.hidden = !this.#passes(row);
    this.#emptiness();
  }

  #emptiness() {
    const rows = [...byId("events").children];
    const shown = rows.some((row) => !row.hidden);
    byId("events").classList.toggle("empty", !shown);
    byId("no-events").hidden = shown;
    byId("no-events").textContent = rows.length
      ? "No event matches the filter."
      : "Every fact the bot learns becomes one event here, in order, and is never changed.";
  }
}

function person(kind, title, user, { pressed, onclick }) {
  const glyph = svg("svg", { class: "glyph", viewBox: "0 0 24 24", "aria-hidden": "true" }, ICONS[kind].map((d) => svg("path", { d })));
  const channel = kind === "web" ? "web" : "whatsapp";
  const identity = user?.identities?.find((one) => one.channel === channel);
  const small = h("small", {}, user ? proofName(identity?.assurance) : "has not written yet");
  const inner = [glyph, h("span", {}, h("b", {}, title), small)];
  const name = kind === "web" ? "person web" : "person phone-id";
  if (pressed === null) return h("div", { class: name }, inner);
  return h("button", { type: "button", class: name, "aria-pressed": String(pressed), title: "Show this conversation", onclick }, inner);
}

/** While there is no task: what to do first, ticked off as it is done. */
function guide(customer, signed, people) {
  const invoice = customer.id === "C-1001" ? "18492" : "20001";
  const item = (done, ...words) => h("li", { class: done ? "done" : null }, h("span", {}, ...words));
  return h(
    "ol",
    { class: "guide", "aria-label": "What to do first" },
    item(signed, `Sign in as ${customer.name.split(" ")[0]}, at the top right`),
    item(false, "On the website, ask ", h("q", {}, `check invoice ${invoice}`)),
    item(people?.same, "From the phone, ask ", h("q", {}, "any update?"), " and see it go on"),
  );
}

function steps(task) {
  const known = STEPS[task.workflow];
  if (!known || !(known.includes(task.step) || task.outcome)) return task.step && !task.outcome && h("p", { class: "quiet" }, `Step: ${task.step}`);
  const at = task.outcome === "done" ? known.length : known.indexOf(task.step);
  const state = (index) => (index < at ? "done" : index === at && !task.outcome ? "now" : null);
  const items = known.map((step, index) => h("li", { class: state(index), "aria-current": state(index) === "now" ? "step" : null }, plain(step)));
  return h("ol", { class: "steps", "aria-label": "Steps of this task" }, items);
}

function entryRow(entry) {
  const body = entry.body ?? {};
  const title = body.refund_id ?? `${plain(entry.kind)} ${entry.n}`;
  const text = body.invoice_id ? `${body.amount} ${body.currency} for invoice ${body.invoice_id}` : JSON.stringify(body);
  return h("li", { title: `Idempotency key ${entry.key}` }, h("b", {}, title), h("span", {}, text), h("time", { datetime: entry.at }, clock(entry.at, true)));
}

const badge = (text, tone = "") => h("span", { class: `badge ${tone}` }, text);
const slotText = (slot) => {
  const value = slot !== null && typeof slot === "object" && "value" in slot ? slot.value : slot;
  return value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
};
const plainValue = (text) => (/^[a-z_]+$/.test(text) ? plain(text) : text);
const place = (name) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);

/** What the bot waits for: the exact terms when it asks for consent, else the slot. */
function questionText({ question, actions }) {
  if (typeof question !== "object") return question;
  const terms = (actions ?? []).find((action) => action.state === "awaiting_confirmation")?.terms;
  return terms ? `Waits for a yes to these terms: ${terms.split("\n").slice(1).join(" · ") || terms}` : `Waits for: ${plain(question.slot ?? "an answer")}`;
}
