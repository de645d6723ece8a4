/* The support team's Slack: channel, threads, composers, and who acts. Drawn from the pretended workspace's own messages. */

import { byId, call, clock, follower, h, sleep, visible } from "./dom.js";
import { mrkdwn } from "./mrkdwn.js";
import { blockNodes } from "./slack_blocks.js";
import { confirmed, Modals } from "./slack_modal.js";
import { news as tabNews } from "./tabs.js";
import { tell, world } from "./world.js";

const ROLES = { U0ROBIN001: "agent", U0SAM00001: "approver", U0GUEST001: "guest", U0OTHER001: "other firm" };
const PACE_MS = 500; // between two looks; they are short, so that no browser runs out of connections
const HINT = "When the bot needs a person, a card appears here: for an approval, a question, or a mail.";

export class Slack {
  user = "U0ROBIN001";
  thread = ""; // the ts of the open thread's first message
  #info = null;
  #names = new Map();
  #version = -1;
  #messages = new Map(); // ts → message
  #views = new Map();
  #dismissed = new Set();
  #drawn = new Map(); // list → ts → { node, as }
  #modals;
  #lists = { channel: byId("channel"), thread: byId("thread") };
  #toEnd = { channel: follower(byId("channel")), thread: follower(byId("thread")) };

  constructor() {
    this.#modals = new Modals({ act: (wanted) => this.act(wanted), names: this.#names });
    this.#composer("channel", () => "");
    this.#composer("thread", () => this.thread);
    byId("thread-close").addEventListener("click", () => this.open(""));
    world.slack = this.#messages;
  }

  /** Begin to follow the workspace; without one the pane says so. */
  async begin() {
    try {
      this.#info = await call("/slack/info");
    } catch {
      this.#lists.channel.replaceChildren(h("p", { class: "hint" }, "This server has no Slack."));
      byId("channel-compose").hidden = true;
      return;
    }
    for (const user of this.#info.users) this.#names.set(user.id, user.profile?.real_name ?? user.name);
    this.#drawPeople();
    this.#hint();
    this.#follow();
  }

  /** Act as another person. */
  as(user) {
    this.user = user;
    const input = document.querySelector(`#personas input[value="${user}"]`);
    if (input) input.checked = true;
    this.#draw();
  }

  /** Open a thread, or close the one that is open. */
  open(ts, { focus = true } = {}) {
    this.thread = ts;
    byId("thread-view").hidden = !ts;
    byId("slack-body").classList.toggle("threaded", Boolean(ts));
    this.#drawn.get("thread")?.clear();
    this.#lists.thread.replaceChildren();
    this.#draw();
    if (!focus) return;
    if (ts) byId("thread-say").focus({ preventScroll: true });
    else this.#lists.channel.querySelector(".replies-link")?.focus({ preventScroll: true });
  }

  /** Bring a message of the channel into sight, by its end, where the buttons are. */
  reveal(ts) {
    const place = this.#lists.channel;
    const node = place.querySelector(`[data-ts="${CSS.escape(ts)}"]`);
    if (node) place.scrollTop = node.offsetTop + node.offsetHeight - place.clientHeight + 12;
  }

  /** The cards of tickets, oldest first. */
  cards() {
    return [...this.#messages.values()].filter((one) => one.bot_id && !isReply(one) && !one.deleted && !one.only_for);
  }

  /** Do something in the workspace; what the bot did not take is said. */
  async act(wanted) {
    this.#trouble("");
    try {
      const done = await call("/slack/act", { body: { user: this.user, ...wanted } });
      const lost = (done.answers ?? []).find((answer) => !answer.taken);
      if (lost) this.#trouble(`The bot did not take that (${lost.status ?? lost.reason}).`);
      return done;
    } catch {
      this.#trouble("Slack could not bring that to the bot. Is the server running?");
      return null;
    }
  }

  /** Use an element of a message, after its question when it has one. */
  async press(message, block, element, value, { ask = true } = {}) {
    if (ask && !(await confirmed(element.confirm, this.#names))) return null;
    return this.act({ act: "press", channel: message.channel, ts: message.ts, action_id: element.action_id, block_id: block.block_id, value });
  }

  async #follow() {
    for (;;) {
      await visible();
      try {
        this.#take(await call(`/slack/events?after=${this.#version}&wait=0`));
        await sleep(PACE_MS);
      } catch {
        await sleep(2000);
      }
    }
  }

  #take(news) {
    if (news.version === this.#version) return;
    if (news.version < this.#version) return this.#forget();
    if (this.#version >= 0 && news.messages.length) tabNews("slack");
    this.#version = news.version;
    for (const message of news.messages) this.#messages.set(message.ts, message);
    for (const view of news.views) this.#views.set(view.view.id, view);
    this.#draw();
    tell();
  }

  #forget() {
    this.#version = -1;
    for (const kept of [this.#messages, this.#views, this.#dismissed]) kept.clear();
    for (const drawn of this.#drawn.values()) drawn.clear();
    this.open("", { focus: false });
    this.#hint();
    tell();
  }

  #hint() {
    this.#lists.channel.replaceChildren(h("p", { class: "hint" }, HINT));
  }

  #draw() {
    if (!this.#info) return;
    const all = [...this.#messages.values()].filter((one) => this.#shown(one)).sort((a, b) => (a.ts < b.ts ? -1 : 1));
    this.#fill("channel", all.filter((one) => !isReply(one)), all);
    if (this.thread) this.#fill("thread", all.filter((one) => one.ts === this.thread || one.thread_ts === this.thread), all);
    this.#modals.show([...this.#views.values()], this.user);
  }

  #shown(message) {
    if (message.deleted || this.#dismissed.has(message.ts) || message.channel !== this.#info.support) return false;
    return !message.only_for || message.only_for === this.user;
  }

  /** Bring a list up to date; a message that did not change keeps its node, and with it the focus. */
  #fill(list, messages, all) {
    const place = this.#lists[list];
    const drawn = this.#drawn.get(list) ?? this.#drawn.set(list, new Map()).get(list);
    place.querySelector(".hint")?.remove();
    const nodes = messages.map((message) => {
      const replies = list === "channel" ? all.filter((one) => one.thread_ts === message.ts && isReply(one)) : [];
      const as = `${message.changed}/${replies.length}/${replies.at(-1)?.changed ?? ""}`;
      const known = drawn.get(message.ts);
      if (known?.as === as) return known.node;
      const node = this.#message(message, list, replies);
      const used = known?.node.contains(document.activeElement) ? document.activeElement.dataset.action : null;
      if (known) known.node.replaceWith(node);
      if (used) node.querySelector(`[data-action="${used}"]`)?.focus();
      drawn.set(message.ts, { node, as });
      return node;
    });
    nodes.forEach((node, index) => place.children[index] !== node && place.insertBefore(node, place.children[index] ?? null));
    while (place.children.length > nodes.length) place.lastElementChild.remove();
    if (!nodes.length && list === "channel") this.#hint();
    this.#toEnd[list]();
  }

  #message(message, list, replies) {
    const bot = Boolean(message.bot_id);
    const name = message.username ?? this.#names.get(message.user) ?? (message.user === "USLACKBOT" ? "Slackbot" : message.user);
    const act = (block, element, value) => this.press(message, block, element, value);
    const body = this.#body(message, act);
    const whispers = replies.filter((one) => one.only_for);
    const said = replies.length - whispers.length;
    return h(
      "div",
      { class: `message${message.only_for ? " whisper" : ""}`, "data-ts": message.ts },
      h("span", { class: `face ${bot ? "bot" : message.user}`, "aria-hidden": "true" }, name.slice(0, 1)),
      h(
        "div",
        { class: "grow" },
        message.only_for && this.#eye(message),
        h("p", { class: "by" }, h("b", {}, name), bot && h("span", { class: "app" }, "APP"), h("time", { datetime: message.at }, clock(message.at)), message.edited && h("small", {}, "(edited)")),
        body,
        (message.files ?? []).map((file) => h("p", { class: "file" }, `📄 ${file.title ?? file.name}`)),
        list === "channel" && (said > 0 || bot) && !message.only_for && this.#threadLink(message, said),
        whispers.map((one) => h("div", { class: "whispered" }, this.#eye(one), h("p", {}, mrkdwn(one.text ?? "", this.#names)))),
      ),
    );
  }

  /** What a message shows: the bot's blocks, else its text; blocks that no Slack would take are shown as text too. */
  #body(message, act) {
    try {
      if (message.bot_id && message.blocks?.length) return blockNodes(message.blocks, { names: this.#names, act });
    } catch (error) {
      console.warn("blocks that cannot be shown", error);
    }
    return h("div", { class: "bk-text" }, mrkdwn(message.text ?? "", this.#names));
  }

  #eye(message) {
    const away = () => {
      this.#dismissed.add(message.ts);
      this.#draw();
      this.#lists[this.thread ? "thread" : "channel"].focus({ preventScroll: true });
    };
    return h("p", { class: "eye" }, "Only visible to you · ", h("button", { type: "button", onclick: away }, "Dismiss"));
  }

  #threadLink(message, count) {
    const words = count ? `${count} ${count === 1 ? "reply" : "replies"}` : "Open thread";
    return h("button", { type: "button", class: "replies-link", "data-action": "thread", onclick: () => this.open(message.ts) }, words);
  }

  #drawPeople() {
    const people = this.#info.users.filter((user) => user.id in ROLES);
    const label = (user) =>
      h(
        "label",
        { title: user.profile?.real_name },
        h("input", { type: "radio", name: "persona", value: user.id, checked: user.id === this.user, onchange: () => this.as(user.id) }),
        h("span", {}, h("b", {}, this.#names.get(user.id).split(" ")[0]), h("small", {}, ROLES[user.id])),
      );
    byId("personas").append(...people.map(label));
  }

  #composer(kind, thread) {
    const [form, field] = [byId(`${kind}-compose`), byId(`${kind}-say`)];
    const send = async (event) => {
      event.preventDefault();
      const text = field.value.trim();
      if (!text) return;
      field.value = "";
      const done = await this.act(wantedOf(text, thread()));
      if (!done) field.value = text;
    };
    form.addEventListener("submit", send);
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) send(event);
    });
  }

  #trouble(text) {
    byId("slack-trouble").textContent = text;
    byId("slack-trouble").hidden = !text;
  }
}

const isReply = (message) => Boolean(message.thread_ts && message.thread_ts !== message.ts);

/** A slash command is none inside a thread, as in Slack. */
function wantedOf(text, thread) {
  const command = !thread && /^(\/[a-z][\w-]*)(?:\s+([\s\S]*))?$/i.exec(text);
  if (command) return { act: "command", command: command[1], text: command[2] ?? "" };
  return { act: "write", text, thread_ts: thread || undefined, wait: false };
}
