/* The playground's page: puts the website chat, the phone and the view inside together for one customer. */

import { byId, call, h, sleep, visible } from "./dom.js";
import { Inside } from "./inside.js";
import { Phone } from "./phone.js";

const KEEP = "throughline-playground";
const CHIPS = {
  "C-1001": { site: ["check invoice 18492", "I want a refund for 18492"], phone: ["any update?", "talk to a person"] },
  "C-1002": { site: ["check invoice 20001", "I want a refund for 20001"], phone: ["any update?", "talk to a person"] },
};

const state = { customers: [], customer: null, signed: false, visitor: "", view: "web", session: "", after: 0, round: new AbortController() };
const phone = new Phone();
const inside = new Inside({ onView: (view) => look({ view }) });
const chat = document.querySelector("throughline-chat");

async function begin() {
  const info = await call("/info");
  state.customers = info.customers;
  const kept = remembered();
  drawCustomers(kept.customer);
  state.customer = info.customers.find((one) => one.id === kept.customer) ?? info.customers[0];
  state.signed = Boolean(kept.signed);
  await openChat(info.widget);
  show();
}

/** Load the bot's own widget, as any host page does with one script tag. */
async function openChat(source) {
  window.throughline = state.signed ? [["identify", identity]] : [];
  chat.addEventListener("throughline:welcome", welcomed);
  await new Promise((done) => document.head.append(h("script", { src: source, onload: done, onerror: done })));
  if (!customElements.get("throughline-chat")) {
    chat.remove();
    const note = byId("chat-missing");
    note.hidden = false;
    note.textContent = "The web chat could not be loaded. Start the bot with “make serve”, then reload this page.";
    return;
  }
}

function welcomed(event) {
  if (state.visitor === event.detail.visitor) return;
  state.visitor = event.detail.visitor;
  look();
}

/** A fresh signed identity, as Acme's server gives its own signed-in pages; the widget asks again when it runs out. */
const identity = async () => (await call("/signin", { body: { customer: state.customer.id } })).identity;

async function sign() {
  state.signed = !state.signed;
  remember();
  if (state.signed) chat.identify?.(identity);
  else forgetVisitor();
  show();
}

function forgetVisitor() {
  state.visitor = "";
  chat.reset?.();
}

function choose(customer) {
  if (customer === state.customer) return;
  state.customer = customer;
  state.signed = false;
  remember();
  forgetVisitor();
  show();
}

/** Draw everything that depends on the customer and the sign-in. */
function show() {
  const { customer, signed } = state;
  const first = customer.name.split(" ")[0];
  byId("sign").textContent = signed ? "Sign out" : `Sign in as ${first}`;
  byId("sign").classList.toggle("main", !signed);
  byId("site-who").textContent = signed ? `✓ ${customer.name}` : "not signed in";
  byId("phone-title").textContent = `${first}’s phone`;
  byId("site-who").classList.toggle("known", signed);
  drawChips("site-chips", CHIPS[customer.id]?.site, (text) => chat.send?.(text));
  drawPhoneChips();
  if (phone.number !== customer.phone) phone.take(customer.phone);
  look({ view: "web" });
}

function drawCustomers(selected) {
  const input = (one, index) =>
    h("input", { type: "radio", name: "customer", value: one.id, checked: one.id === selected || (!selected && index === 0), onchange: () => choose(one) });
  const label = (one, index) => h("label", { title: `${one.name}, ${one.id}, plan ${one.plan}` }, input(one, index), h("span", {}, one.name.split(" ")[0]));
  byId("customers").append(...state.customers.map(label));
}

function drawChips(id, texts = [], send) {
  byId(id).replaceChildren(...texts.map((text) => h("button", { type: "button", onclick: () => send(text) }, text)));
}

/** On the phone choices are numbered text, so the chips offer what is asked just now. */
function drawPhoneChips(task = null) {
  const offered = (task?.question?.choices ?? []).slice(0, 2);
  const texts = offered.length ? offered : CHIPS[state.customer.id]?.phone;
  if (texts.join() !== [...byId("phone-chips").children].map((chip) => chip.textContent).join()) {
    drawChips("phone-chips", texts, (text) => phone.send(text));
  }
}

/** Begin to follow what the bot knows, from the start of the session that is to be seen. */
function look({ view = state.view } = {}) {
  state.round.abort();
  state.round = new AbortController();
  Object.assign(state, { view, session: "", after: 0 });
  follow(state.round.signal);
}

async function follow(signal) {
  while (!signal.aborted) {
    await visible();
    const began = performance.now();
    try {
      const { customer, view, session, after, visitor } = state;
      const query = new URLSearchParams({ customer: customer.id, view, session, after });
      const news = await call(`/live?${query}`, { signal, headers: { "X-Visitor": visitor } });
      if (signal.aborted) return;
      take(news);
    } catch {
      if (signal.aborted) return;
      inside.pulse("offline");
      await sleep(2000);
    }
    await sleep(Math.max(0, 250 - (performance.now() - began)));
  }
}

function take(news) {
  inside.pulse(news.state);
  if (news.ledger) inside.ledger(news.ledger);
  if (news.people) inside.people(news.people, state);
  if (news.state !== "ok") {
    if (news.state === "quiet") {
      Object.assign(state, { session: "", after: 0 });
      inside.clear();
      inside.task(null, { ...state, people: news.people });
    }
    return;
  }
  if (news.fresh) inside.clear();
  inside.task(news.session, { ...state, people: news.people });
  inside.add(news.events);
  drawPhoneChips(news.people.same || state.view === "phone" ? news.session.task : null);
  state.session = news.session.id;
  state.after = Math.max(state.after, ...news.events.map((event) => event.seq));
}

const remember = () => localStorage.setItem(KEEP, JSON.stringify({ customer: state.customer.id, signed: state.signed }));

function remembered() {
  try {
    return JSON.parse(localStorage.getItem(KEEP)) ?? {};
  } catch {
    return {};
  }
}

function showTab(name) {
  document.body.dataset.tab = name;
  for (const button of document.querySelectorAll(".tabs button")) button.setAttribute("aria-pressed", String(button.dataset.tab === name));
}

async function restore() {
  byId("confirm").returnValue = "";
  byId("confirm").showModal();
  byId("confirm").onclose = async () => {
    if (byId("confirm").returnValue !== "yes") return;
    await call("/reset", { body: {} });
    phone.clear();
    look();
  };
}

byId("sign").addEventListener("click", sign);
byId("how").addEventListener("click", () => byId("explain").showModal());
byId("explain-close").addEventListener("click", () => byId("explain").close());
byId("explain").addEventListener("click", (event) => event.target === byId("explain") && byId("explain").close());
byId("reset").addEventListener("click", restore);
for (const button of document.querySelectorAll(".tabs button")) button.addEventListener("click", () => showTab(button.dataset.tab));
begin().catch(() => inside.pulse("offline"));
