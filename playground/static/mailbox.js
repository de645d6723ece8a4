/* The customer's mailbox: the list, the open mail, and writing. Drawn from the mails as they went over the wire. */

import { byId, call, clock, h, sleep, visible } from "./dom.js";
import { Letter } from "./mail_letter.js";
import { Writer } from "./mail_writer.js";
import { news as tabNews } from "./tabs.js";
import { tell, world } from "./world.js";

const PACE_MS = 700; // between two looks; they are short, so that no browser runs out of connections
const NONE = "No mail yet. Letters from Acme arrive here, and you can write to Acme.";

export class Mailbox {
  #box = "";
  #name = "";
  #stop = new AbortController();
  #version = -1;
  #mails = new Map(); // number → mail
  #open = 0;
  #support = "";
  #strangers = [];

  constructor() {
    world.mails = this.#mails;
    byId("mail-new").addEventListener("click", () => this.write());
  }

  /** Learn where Acme's mail goes; without mailboxes on this server the pane says so. */
  async begin() {
    const info = await call("/mail/info").catch(() => null);
    this.#support = info?.address ?? "";
  }

  /** Open another person's mailbox. `strangers`: whom this person could pretend to be. */
  take({ email, name }, strangers) {
    this.#stop.abort();
    this.#stop = new AbortController();
    [this.#box, this.#name, this.#strangers] = [email, name, strangers];
    byId("mail-title").textContent = `${name.split(" ")[0]}’s mailbox`;
    byId("mail-address").textContent = email;
    this.#forget();
    if (!this.#support) return this.#off();
    this.#follow(this.#stop.signal);
  }

  /** The mails, oldest first. */
  get mails() {
    return [...this.#mails.values()];
  }

  /** Show a mail. */
  async open(n) {
    this.#open = n;
    const mail = this.#mails.get(n);
    byId("mail-body").className = "mail-body opened";
    this.#read(new Letter(mail, { onReply: () => this.write(mail), onBack: () => this.#close() }).node);
    this.#list();
    if (!mail.seen && mail.way === "received") await call("/mail/act", { body: { act: "seen", mail: n } }).catch(() => {});
  }

  /** Begin a mail, or the answer to one. */
  write(original = null, { focus = true } = {}) {
    const people = { box: this.#box, name: this.#name, support: this.#support, strangers: this.#strangers };
    const writer = new Writer(people, original, { onSend: (wanted) => this.send(wanted), onCancel: () => (original ? this.open(original.n) : this.#close()) });
    byId("mail-body").className = "mail-body opened writing";
    byId("reading").replaceChildren(writer.node);
    if (focus) writer.focus();
    return writer;
  }

  /** Send a mail; it is brought to the bot as a mail server would. Gives what became of it, or null. */
  async send(wanted) {
    const sent = await call("/mail/act", { body: { box: this.#box, wait: false, ...wanted } }).catch(() => null);
    if (!sent) return null;
    this.#mails.set(sent.mail.n, sent.mail);
    this.open(sent.mail.n);
    return sent;
  }

  async #follow(signal) {
    while (!signal.aborted) {
      await visible();
      try {
        const found = await call(`/mail/events?box=${encodeURIComponent(this.#box)}&after=${this.#version}&wait=0`, { signal });
        if (signal.aborted) return;
        this.#take(found);
        await sleep(PACE_MS);
      } catch {
        if (signal.aborted) return;
        await sleep(2000);
      }
    }
  }

  #take({ version, mails }) {
    if (version === this.#version) return;
    if (version < this.#version) return this.#forget();
    const first = this.#version < 0;
    this.#version = version;
    for (const mail of mails) {
      if (!first && mail.way === "received" && !this.#mails.has(mail.n)) tabNews("mail");
      this.#mails.set(mail.n, mail);
    }
    this.#list();
    if (byId("mail-body").className === "mail-body") this.#idle();
    tell();
  }

  #forget() {
    this.#version = -1;
    this.#mails.clear();
    this.#close();
    this.#list();
    tell();
  }

  #close() {
    this.#open = 0;
    byId("mail-body").className = "mail-body";
    this.#idle();
    this.#list();
  }

  /** While nothing is read or written. */
  #idle() {
    const words = this.#mails.size ? "Choose a mail." : NONE;
    if (byId("reading").textContent !== words) this.#read(h("p", { class: "quiet nothing", tabindex: "-1" }, words));
  }

  /** Show something in place of what was read or written; who was in there with the keyboard stays there. */
  #read(node) {
    const inside = byId("reading").contains(document.activeElement);
    byId("reading").replaceChildren(node);
    if (inside) (node.querySelector("[tabindex='-1']") ?? node).focus({ preventScroll: true });
  }

  #list() {
    const at = document.activeElement?.dataset.mail;
    byId("mails").replaceChildren(...this.mails.reverse().map((mail) => this.#row(mail)));
    if (at) byId("mails").querySelector(`[data-mail="${at}"]`)?.focus({ preventScroll: true });
  }

  #row(mail) {
    const sent = mail.way !== "received";
    const fresh = !sent && !mail.seen;
    const who = sent ? `To ${plainName(mail.to)}` : plainName(mail.from);
    return h(
      "li",
      {},
      h(
        "button",
        { type: "button", class: fresh ? "mail fresh" : "mail", "data-mail": mail.n, "aria-current": mail.n === this.#open ? "true" : null, onclick: () => this.open(mail.n) },
        h("span", { class: "mail-who" }, fresh && h("span", { class: "unseen" }, "Unread. "), h("span", { class: "mail-name" }, who), h("time", { datetime: mail.at }, clock(mail.at))),
        h("span", { class: "mail-subject" }, mail.subject || "(no subject)"),
      ),
    );
  }

  #off() {
    byId("mail-new").hidden = true;
    byId("reading").replaceChildren(h("p", { class: "quiet nothing" }, "This server has no mailboxes."));
  }
}

/** The name in an address, or the address without what only programs read. */
function plainName(field) {
  const [, name, address] = /^\s*"?([^"<]*?)"?\s*<([^>]+)>/.exec(field ?? "") ?? [];
  return name || (address ?? field ?? "").replace(/\+[^@]*@/, "@");
}
