/* The phone: bubbles from the pretended Twilio, ticks from their states, and the field to write. */

import { byId, call, clock, follower, h, sleep, svg, visible } from "./dom.js";
import { news } from "./tabs.js";

const FAILED = {
  ct: "The bot cannot be reached.",
  rt: "The bot did not answer in time.",
};

export class Phone {
  number = "";
  #version = -1;
  #typing = false;
  #fresh = true;
  #seen = new Map(); // sid → the bubble's element
  #stop = new AbortController();
  #list = byId("bubbles");
  #toEnd = follower(byId("bubbles"));
  #say = byId("say");

  constructor() {
    byId("compose").addEventListener("submit", (event) => {
      event.preventDefault();
      this.send(this.#say.value);
    });
    this.#say.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.send(this.#say.value);
    });
    this.#say.addEventListener("input", () => this.#grow());
  }

  /** Hold another phone in hand. */
  take(number) {
    this.#stop.abort();
    this.#stop = new AbortController();
    this.number = number;
    byId("phone-number").textContent = number.replace(/^(\+\d)(\d{3})(\d{3})(\d{4})$/, "$1 $2 $3 $4");
    this.clear();
    this.#follow(number, this.#stop.signal);
  }

  /** Empty the screen; what Twilio still has comes back at once. */
  clear() {
    this.#version = -1;
    this.#fresh = true;
    this.#seen.clear();
    this.#list.replaceChildren(h("p", { class: "hint" }, "Write to Acme from this phone. It is a real conversation with the bot, by pretended WhatsApp."));
  }

  /** Send a text, or a tapped button. */
  async send(text, button = null) {
    const body = button ? { button } : { text: text.trim() };
    if (!button && !body.text) return;
    this.#say.value = "";
    this.#grow();
    try {
      await call(`/phone/${encodeURIComponent(this.number)}/messages?wait=0`, { body });
    } catch {
      this.#status("The message did not leave the phone. Is the server running?");
      if (!button) this.#say.value = text;
    }
  }

  async #follow(number, signal) {
    while (!signal.aborted) {
      await visible();
      try {
        const query = `after=${this.#version}&wait=20&typing=${this.#typing ? 1 : 0}`;
        this.#show(await call(`/phone/${encodeURIComponent(number)}/events?${query}`, { signal }), signal);
      } catch {
        if (signal.aborted) return;
        this.#status("The phone has no connection. Trying again…");
        await sleep(1500);
      }
    }
  }

  #show({ version, typing, messages }, signal) {
    if (signal.aborted) return;
    if (version < this.#version) this.clear();
    this.#version = version;
    this.#typing = typing;
    if (messages.length && !this.#fresh) news("phone");
    if (messages.length) this.#list.querySelector(".hint")?.remove();
    this.#list.ariaBusy = String(this.#fresh); // an old conversation is not read out as if it were new
    for (const message of messages) this.#place(message);
    this.#fresh = false;
    this.#list.ariaBusy = "false";
    this.#dots(typing);
    this.#status(typing ? "is typing…" : "WhatsApp");
    this.#toEnd();
  }

  #place(message) {
    const act = (action, value) => this.#act(action, value);
    let shown = this.#seen.get(message.sid);
    if (!shown) {
      shown = bubble(message, act);
      this.#seen.set(message.sid, shown);
      this.#list.append(shown);
    }
    // The words never change; only what stands below them does, and that is not read out again.
    shown.lastElementChild.replaceChildren(...foot(message, act));
  }

  #act(action, value) {
    if (action === "tap") this.send("", value);
    else call(`/phone/${encodeURIComponent(this.number)}/again`, { body: { sid: value } }).catch(() => {});
  }

  #dots(on) {
    this.#list.querySelector(".typing")?.remove();
    if (on) this.#list.append(h("div", { class: "typing", "aria-hidden": "true" }, h("i"), h("i"), h("i")));
  }

  #status(text) {
    const status = byId("phone-status");
    if (status.textContent !== text) status.textContent = text;
  }

  #grow() {
    this.#say.style.height = "auto";
    this.#say.style.height = `${Math.min(this.#say.scrollHeight + 2, 110)}px`;
  }
}

function bubble(message, act) {
  const own = message.direction === "inbound";
  const files = message.media.map((item) => h("p", {}, `📎 ${item.content_type}`));
  return h(
    "div",
    { class: own ? "bubble own" : "bubble" },
    h("span", { class: "unseen" }, own ? "You: " : "Acme: "),
    files,
    message.body && h("p", {}, message.body),
    message.buttons.length > 0 && replies(message.buttons, act),
    h("div", { class: "foot", "aria-live": "off" }),
  );
}

function foot(message, act) {
  const time = h("time", { datetime: message.at, title: message.sid }, clock(message.at));
  return [h("div", { class: "meta" }, time, message.direction === "inbound" && ticks(message)), trouble(message, act)].filter(Boolean);
}

function replies(buttons, act) {
  const tap = (button) => act("tap", { text: button.title, payload: button.id ?? button.title });
  return h("div", { class: "replies" }, buttons.map((button) => h("button", { type: "button", onclick: () => tap(button) }, button.title)));
}

/** One tick: sent. Two: the bot took it. Blue: the bot has begun to answer. */
function ticks(message) {
  const taken = message.webhook.state === "delivered";
  const words = message.read ? "read" : taken ? "delivered" : "sent";
  const paths = [svg("path", { d: "M1 6.500 4 9.500 10 2.500" }), taken && svg("path", { d: "M8 9.200 8.300 9.500 15 2.500" })];
  return svg("svg", { class: message.read ? "ticks read" : "ticks", viewBox: "0 0 16 12", role: "img", "aria-label": words }, paths);
}

function trouble(message, act) {
  const { state, status, reason } = message.webhook;
  if (message.status === "failed" || message.status === "undelivered") {
    return h("div", { class: "trouble" }, `Not delivered (${message.error_code}). ${message.error_message ?? ""}`);
  }
  if (state === "retrying") return h("div", { class: "trouble" }, `${FAILED[reason] ?? `The bot answered ${status}.`} Trying again…`);
  if (state !== "failed") return null;
  const again = h("button", { type: "button", onclick: () => act("again", message.sid) }, "Try again");
  return h("div", { class: "trouble" }, FAILED[reason] ?? (status ? `The bot answered ${status}.` : reason), " ", again);
}
