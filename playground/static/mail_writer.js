/* Writing a mail: as the program of one's choice writes it, and, if one likes, under somebody else's name. */

import { h } from "./dom.js";

const PROGRAMS = { gmail: "Gmail", outlook: "Outlook", apple: "Apple Mail", thunderbird: "Thunderbird", plain: "Plain text" };

export class Writer {
  #onSend;
  #strangers;
  #original;
  #from;
  #program = select("mail-program", Object.entries(PROGRAMS), { "aria-label": "Written with" });
  #subject;
  #text = h("textarea", { id: "mail-text", rows: 4, required: true, placeholder: "Write your mail…" });
  #note = h("p", { class: "forge-note", role: "status" });

  /** `original`: the mail that is answered, or null. `onSend(wanted)` gives null when it could not be sent. */
  constructor({ box, name, support, strangers }, original, { onSend, onCancel }) {
    this.#onSend = onSend;
    this.#original = original;
    this.#strangers = strangers;
    const senders = [["", `${name} <${box}>`], ...strangers.map((one) => [one.email, `Forged: ${one.name} <${one.email}>`])];
    this.#from = select("mail-from", senders);
    this.#from.addEventListener("change", () => this.#warn());
    this.#subject = h("input", { id: "mail-subject", value: original ? `Re: ${original.subject.replace(/^(?:re:\s*)+/i, "")}` : "", required: true, readonly: Boolean(original), maxlength: 200 });
    const to = original ? original.reply_to || original.from : support;
    this.node = h(
      "form",
      { class: "writer", "aria-label": original ? "Reply" : "New mail", onsubmit: (event) => this.#send(event) },
      h("p", { class: "writer-line" }, h("label", { for: "mail-from" }, "From"), this.#from, h("label", { for: "mail-program", class: "writer-with" }, "with"), this.#program),
      h("p", { class: "writer-line" }, h("span", {}, "To"), h("span", { class: "writer-to" }, to)),
      h("p", { class: "writer-line" }, h("label", { for: "mail-subject" }, "Subject"), this.#subject),
      h("label", { class: "unseen", for: "mail-text" }, "Text"),
      this.#text,
      h(
        "div",
        { class: "writer-row" },
        this.#note,
        h("button", { type: "button", class: "button small", onclick: onCancel }, "Cancel"),
        h("button", { class: "button small main" }, "Send mail"),
      ),
    );
  }

  /** Put the cursor where one writes. */
  focus() {
    (this.#original ? this.#text : this.#subject).focus({ preventScroll: true });
  }

  /** Write for the newcomer; he presses Send, or the tour does. */
  fill(text) {
    this.#text.value = text;
  }

  /** Send what is written. */
  submit() {
    this.node.requestSubmit();
  }

  #warn() {
    this.#note.textContent = this.#from.value
      ? "Anyone can write any sender. Acme’s mail server will see that it is forged."
      : "";
  }

  async #send(event) {
    event.preventDefault();
    const forged = this.#strangers.find((one) => one.email === this.#from.value);
    const sent = await this.#onSend({
      text: this.#text.value,
      client: this.#program.value,
      ...(forged && { from: forged.email, name: forged.name }),
      ...(this.#original ? { act: "reply", mail: this.#original.n } : { act: "compose", subject: this.#subject.value }),
    });
    if (!sent) this.#note.textContent = "The mail did not leave. Is the server running?";
  }
}

const select = (id, options, more = {}) => h("select", { id, ...more }, options.map(([value, text]) => h("option", { value }, text)));
