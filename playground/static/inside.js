/* What the bot knows, drawn from the live view: task, approvals, tickets, ledger. It only shows. */

import { byId, clock, follower, h, moment, plain } from "./dom.js";
import { Log } from "./log.js";
import { drawHolder, drawPeople } from "./people.js";
import { world } from "./world.js";

const STEPS = {
  refund: ["retrieve", "decide", "request", "notify"],
  refund_status: ["retrieve", "decide", "answer"],
  billing_dispute: ["known", "classify", "retrieve", "decide", "reason", "request", "notify"],
  billing_address: ["classify", "retrieve", "decide", "request", "verify", "notify"],
  my_plan: ["retrieve", "decide", "request", "verify", "notify"],
  demo_scheduling: ["contact", "address", "times", "choose", "book", "notify"],
  lead_enrichment: ["contact", "address", "classify", "lookup", "check", "create", "update", "notify"],
  invoice_intake: ["words", "read", "complete", "vendor", "whose", "look", "check", "post", "read_back"],
  onboarding: ["look", "progress", "classify", "checklist", "plan", "create_tasks", "look_again", "team", "invite", "read_back", "tell"],
  invoice_list: ["retrieve", "decide"],
  send_invoice_copy: ["retrieve", "send"],
  ticket_triage: ["sort", "weigh"],
};
const ROOM = 5; // steps whose names stand side by side; of more only the present one's is seen
const TONES = {
  eligible: "good", confirmed: "good", done: "good", paid: "good", pending: "warn", unknown: "", ineligible: "bad",
  refused: "bad", failed: "bad", declined: "warn", cancelled: "warn", handed_off: "warn",
};
const STATES = {
  ok: ["live", "ok"], quiet: ["nothing yet", "ok"], offline: ["bot not reached", "bad"],
  refused: ["token refused", "bad"], broken: ["bot in trouble", "bad"],
};
const ORDER = ["invoice_id", "customer_id", "refund_reason", "eligibility_status", "confirmation"];
const OWN_NUMBER = ["refund_id", "dispute_id", "address_id", "change_id", "meeting_id", "lead_id", "update_id", "task_id", "invite_id"];
const ENTRIES = {
  refund: (body) => `${body.amount} ${body.currency} for invoice ${body.invoice_id}`,
  dispute: (body) => `Invoice ${body.invoice_id}, ${body.amount} ${body.currency}: ${plain(body.reason)}`,
  address: (body) => [body.street, body.city, body.region, body.postal_code, body.country].filter(Boolean).join(", "),
  plan: (body) => `${plain(body.plan)}, seats: ${body.seats}, ${body.amount} ${body.currency} from ${body.effective_on} on`,
  meeting: (body) => `${plain(body.meeting_type)}, ${body.duration_minutes} minutes, ${moment(body.starts_at)}, for ${body.email}`,
  lead: (body) => `${body.company}, ${body.employees} people, ${body.email}`,
  task: (body) => `${body.title}, until ${body.due_on}`,
  vendor_invoice: (body) => `${body.invoice_number}, ${body.amount} ${body.currency}`,
  invite: (body) => `${body.email}, as ${plain(body.user_role).toLowerCase()}`,
  lead_update: (body) => `Brings lead ${body.lead_id} up to date`,
};

export class Inside {
  #onView;
  #log = new Log();
  #toNewest = follower(byId("ledger"));
  #slots = new Map(); // what the task card showed last, to mark what is new

  constructor({ onView }) {
    this.#onView = onView;
  }

  /** Show what `/live` answered. `state`: the page's customer, sign-in and view. */
  take(news, state) {
    this.#pulse(news.state);
    if (news.ledger) this.#ledger(news.ledger);
    if (news.people) drawPeople(news.people, { ...state, onView: this.#onView });
    if (news.state === "quiet" || news.fresh) this.clear();
    if (news.state === "quiet") this.#task(null, state);
    if (news.state !== "ok") return;
    this.#log.add(news.events);
    this.#task(news.session, state);
  }

  /** Start anew, for another conversation. */
  clear() {
    this.#log.clear();
    this.#slots.clear();
  }

  #pulse(state) {
    const [words, tone] = STATES[state] ?? ["connecting…", ""];
    const pulse = byId("pulse");
    if (pulse.textContent !== words) pulse.textContent = words;
    pulse.className = `pulse ${tone}`;
  }

  #task(session, { customer, signed }) {
    const ended = (session?.tasks ?? []).filter((task) => task.outcome);
    const task = session?.task ?? ended.findLast(isTelling) ?? ended.at(-1) ?? null;
    drawHolder(session);
    byId("work").replaceChildren(...(task ? this.#work(task) : [guide(customer, signed)]));
    const cases = [...approvals(world.events).slice(-1).map(approvalRow), ...tickets(session?.tickets ?? []).map(ticketRow)];
    byId("cases").replaceChildren(...cases);
    byId("cases").hidden = !cases.length;
  }

  #ledger(entries) {
    const noun = entries.every((entry) => entry.kind === "refund") ? "refund" : "write";
    const count = byId("ledger-count");
    const words = entries.length === 1 ? `1 ${noun}` : `${entries.length} ${noun}s`;
    if (count.textContent !== words) count.textContent = words;
    count.classList.toggle("some", entries.length > 0);
    byId("ledger").replaceChildren(...entries.map(entryRow));
    byId("no-ledger").hidden = entries.length > 0;
    this.#toNewest();
  }

  #work(task) {
    const [state, tone] = stateOf(task);
    return [
      h("div", { class: "title" }, h("b", {}, plain(task.workflow)), badge(state, tone)),
      steps(task),
      this.#slotTable(task),
      task.question && !task.outcome && h("p", { class: "question" }, questionText(task)),
    ].filter(Boolean);
  }

  #slotTable(task) {
    const values = { ...task.slots };
    if (task.confirmation) values.confirmation ??= task.confirmation;
    if (values.confirmation === "pending" && !asksForConsent(task)) delete values.confirmation; // where it begins; says nothing
    const shown = Object.entries(values).map(([name, slot]) => [name, slotText(slot)]).filter(([, text]) => text !== "").sort(([a], [b]) => place(a) - place(b));
    const cells = shown.map(([name, text]) => {
      const fresh = this.#slots.has(name) ? this.#slots.get(name) !== text : this.#slots.size > 0;
      return h("div", { "data-slot": name, class: [TONES[text] ?? "", fresh && "fresh"].filter(Boolean).join(" ") || null }, h("dt", {}, plain(name)), h("dd", {}, plainValue(text)));
    });
    this.#slots = new Map(shown);
    return cells.length > 0 && h("dl", { class: "slots" }, cells);
  }
}

/** Thanks and greetings are tasks too, but what went before says more. */
const isTelling = (task) => Object.keys(task.slots ?? {}).some((name) => name !== "customer_id");

const asksForConsent = (task) => task.question?.slot === "confirmation";

function stateOf(task) {
  if (task.outcome) return [plain(task.outcome), TONES[task.outcome] ?? ""];
  if ((task.actions ?? []).some((action) => action.state === "awaiting_approval")) return ["Waits for approval", "warn"];
  if ((task.actions ?? []).some((action) => action.state === "unknown")) return ["Checks whether it happened", "warn"];
  if (task.question) return ["Waits for an answer", asksForConsent(task) ? "warn" : ""];
  return ["In progress", ""];
}

/** The requests for approval, oldest first, each with what became of it: folded from the log. */
export function approvals(events) {
  const found = new Map();
  for (const { kind, at, data } of events) {
    if (kind === "ApprovalRequested") found.set(data.action, { ...data, verdict: "" });
    const asked = found.get(data?.action);
    if (!asked) continue;
    if (kind === "ApprovalDecided") Object.assign(asked, { verdict: data.approved ? "approved" : "denied", by: data.name, at });
    if (kind === "ApprovalExpired") asked.verdict = "expired";
    if (kind === "ActionMoved") asked.action_state = data.state;
  }
  return [...found.values()];
}

function approvalRow(asked) {
  const lines = (asked.lines ?? []).slice(0, 2).map(([, value]) => value).join(" · ");
  const words = asked.verdict ? `${plain(asked.verdict)}${asked.by ? ` by ${asked.by}` : ""}` : "Waits for staff";
  const tone = { approved: "good", "": "warn" }[asked.verdict] ?? "bad";
  return h("li", { title: `${asked.why} Needs ${asked.scope}.` }, h("b", {}, "Approval"), badge(words, tone), h("span", { class: "rest" }, asked.at ? `${clock(asked.at)} · ${lines}` : lines));
}

/** Those that are not over, and the newest. */
const tickets = (all) => all.filter((ticket, index) => ticket.status !== "resolved" || index === all.length - 1).slice(-3);

function ticketRow(ticket) {
  const tone = { resolved: "good", open: "warn" }[ticket.status] ?? "";
  const who = ticket.assignee_name ? `${ticket.assignee_name} · ` : "";
  const end = ticket.outcome ? ` by ${ticket.outcome}` : "";
  return h("li", {}, h("b", {}, `Ticket ${ticket.number}`), badge(`${plain(ticket.status)}${end}`, tone), h("span", { class: "rest" }, `${who}${ticket.subject}`));
}

/** While there is no task: what to do first, ticked off as it is done. */
function guide(customer, signed) {
  const invoice = customer.id === "C-1001" ? "18492" : "20001";
  const item = (done, ...words) => h("li", { class: done ? "done" : null }, h("span", {}, ...words));
  return h(
    "ol",
    { class: "guide", "aria-label": "What to do first" },
    item(signed, `Sign in as ${customer.name.split(" ")[0]}, at the top right`),
    item(false, "On the website, ask ", h("q", {}, `check invoice ${invoice}`)),
    item(false, "From the phone, ask ", h("q", {}, "any update?"), " and see it go on"),
  );
}

function steps(task) {
  const known = STEPS[task.workflow];
  if (!known || !(known.includes(task.step) || task.outcome)) return task.step && !task.outcome && h("p", { class: "quiet" }, `Step: ${task.step}`);
  const at = task.outcome === "done" ? known.length : known.indexOf(task.step);
  const state = (index) => (index < at ? "done" : index === at && !task.outcome ? "now" : null);
  const items = known.map((step, index) => h("li", { class: state(index), "aria-current": state(index) === "now" ? "step" : null }, h("span", {}, plain(step))));
  return h("ol", { class: known.length > ROOM ? "steps many" : "steps", "aria-label": "Steps of this task" }, items);
}

function entryRow(entry) {
  const body = entry.body ?? {};
  const title = Object.entries(body).find(([name]) => OWN_NUMBER.includes(name))?.[1] ?? `${plain(entry.kind)} ${entry.n}`;
  const text = ENTRIES[entry.kind]?.(body) ?? JSON.stringify(body);
  return h("li", { title: `Idempotency key ${entry.key}` }, h("b", {}, title), h("span", {}, text), h("time", { datetime: entry.at }, clock(entry.at, true)));
}

const badge = (text, tone = "") => h("span", { class: `badge ${tone}` }, text);
const slotText = (slot) => {
  const value = slot !== null && typeof slot === "object" && "value" in slot ? slot.value : slot;
  return value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
};
const plainValue = (text) => (/^[a-z_]+$/.test(text) ? plain(text) : moment(text));
const place = (name) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);

/** What the bot waits for: the exact terms when it asks for consent, else the slot. */
function questionText({ question, actions }) {
  if (typeof question !== "object") return question;
  const terms = (actions ?? []).find((action) => action.state === "awaiting_confirmation")?.terms;
  return terms ? `Waits for a yes to these terms: ${terms.split("\n").slice(1).join(" · ") || terms}` : `Waits for: ${plain(question.slot ?? "an answer")}`;
}
