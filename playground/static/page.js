/* The playground's page: puts the four panes and the view inside together for one customer. */

import { byId, call, h } from "./dom.js";
import { offerIdeas } from "./ideas.js";
import { Inside } from "./inside.js";
import { Live } from "./live.js";
import { Mailbox } from "./mailbox.js";
import { shownOf } from "./people.js";
import { Phone } from "./phone.js";
import { Slack } from "./slack.js";
import { show as showPane, news as tabNews } from "./tabs.js";
import { Tour } from "./tour.js";
import { tell, world } from "./world.js";

const KEEP = "throughline-playground";
const CHIPS = {
  "C-1001": { site: ["check invoice 18492", "refund 18492", "dispute 18493"], phone: ["any update?", "talk to a person"] },
  "C-1002": { site: ["check invoice 20001", "refund 20001", "dispute 20001"], phone: ["any update?", "talk to a person"] },
};

const state = { customers: [], customer: null, signed: false, visitor: "", view: "web" };
const phone = new Phone();
const slack = new Slack();
const mailbox = new Mailbox();
const inside = new Inside({ onView: (view) => look({ view }) });
const live = new Live({ onNews: take });
const chat = document.querySelector("throughline-chat");
let openIdeas = () => {};

async function begin() {
  const info = await call("/info");
  state.customers = info.customers;
  const kept = remembered();
  state.customer = info.customers.find((one) => one.id === kept.customer) ?? info.customers[0];
  state.signed = Boolean(kept.signed);
  drawCustomers();
  [openIdeas] = await Promise.all([offerIdeas({ customer: () => state.customer, send: ask }), slack.begin(), mailbox.begin()]);
  await openChat(info.widget);
  show();
  tour.offer(info.parts);
}

/** Load the bot's own widget, as any host page does with one script tag. */
async function openChat(source) {
  window.throughline = state.signed ? [["identify", identity]] : [];
  chat.addEventListener("throughline:welcome", welcomed);
  chat.addEventListener("throughline:message", () => tabNews("site"));
  await new Promise((done) => document.head.append(h("script", { src: source, onload: done, onerror: done })));
  if (!customElements.get("throughline-chat")) {
    chat.remove();
    const note = byId("chat-missing");
    note.hidden = false;
    note.textContent = "The web chat could not be loaded. Start the bot with “make serve”, then reload this page.";
  }
}

function welcomed(event) {
  world.status.welcome = event.detail;
  tell();
  if (state.visitor === event.detail.visitor) return;
  state.visitor = event.detail.visitor;
  look();
}

/** A fresh signed identity, as Acme's server gives its own signed-in pages; the widget asks again when it runs out. */
const identity = async () => (await call("/signin", { body: { customer: state.customer.id } })).identity;

function sign(on = !state.signed) {
  if (on === state.signed) return;
  state.signed = on;
  remember();
  if (on) chat.identify?.(identity);
  else forgetVisitor();
  show();
}

function forgetVisitor() {
  state.visitor = "";
  chat.reset?.();
}

/** Say something on the website, where the answer is seen. */
function ask(text) {
  showPane("site");
  chat.send?.(text);
}

function choose(customer) {
  if (customer === state.customer) return;
  state.customer = customer;
  state.signed = false;
  remember();
  forgetVisitor();
  show();
}

/** Begin as nobody in particular, on another computer, who will be this customer. */
function startOver(id) {
  Object.assign(state, { customer: state.customers.find((one) => one.id === id), signed: false });
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
  byId("site-who").classList.toggle("known", signed);
  byId("phone-title").textContent = `${first}’s phone`;
  for (const input of byId("customers").querySelectorAll("input")) input.checked = input.value === customer.id;
  drawChips("site-chips", CHIPS[customer.id]?.site, (text) => chat.send?.(text));
  byId("site-chips").append(h("button", { type: "button", class: "more", "aria-haspopup": "dialog", onclick: openIdeas }, "What else?"));
  drawPhoneChips();
  if (phone.number !== customer.phone) {
    phone.take(customer.phone);
    mailbox.take(customer, state.customers.filter((one) => one !== customer));
  }
  look({ view: "web" });
}

function drawCustomers() {
  const input = (one) => h("input", { type: "radio", name: "customer", value: one.id, onchange: () => choose(one) });
  const label = (one) => h("label", { title: `${one.name}, ${one.id}, plan ${one.plan}` }, input(one), h("span", {}, one.name.split(" ")[0]));
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

/** Follow what the bot knows, from the start of the session that is to be seen. */
function look({ view = state.view } = {}) {
  state.view = view;
  live.look({ customer: state.customer.id, view, visitor: state.visitor });
}

const isOnPhone = (people) => Boolean(people.phone) && shownOf(people, state.view).id === people.phone.id;

function take(news) {
  inside.take(news, state);
  if (news.state === "ok") drawPhoneChips(isOnPhone(news.people) ? news.session.task : null);
}

const remember = () => localStorage.setItem(KEEP, JSON.stringify({ customer: state.customer.id, signed: state.signed }));

function remembered() {
  try {
    return JSON.parse(localStorage.getItem(KEEP)) ?? {};
  } catch {
    return {};
  }
}

/** Let Acme, the phones, the mailboxes and Slack forget; the bot keeps what it knows. Gives the server's time, in ms. */
async function reset() {
  const response = await fetch("/playground/reset", { method: "POST", body: "{}", headers: { "Content-Type": "application/json" } });
  if (!response.ok) throw new Error(`reset answered ${response.status}`);
  phone.clear();
  look();
  return Date.parse(response.headers.get("Date"));
}

function restore() {
  byId("confirm").returnValue = "";
  byId("confirm").showModal();
  byId("confirm").onclose = () => byId("confirm").returnValue === "yes" && reset();
}

byId("sign").addEventListener("click", () => sign());
byId("how").addEventListener("click", () => byId("explain").showModal());
byId("explain-close").addEventListener("click", () => byId("explain").close());
byId("explain").addEventListener("click", (event) => event.target === byId("explain") && byId("explain").close());
byId("reset").addEventListener("click", restore);

const tour = new Tour({ slack, mailbox, phone, chat, reset, sign, begin: startOver });
begin().catch(() => inside.take({ state: "offline" }, state));
