/* One opened mail: its text, its HTML in a frame that can do nothing, its headers. */

import { clock, h } from "./dom.js";

// What the frame may load: nothing but its own styles and pictures within the mail.
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";
const TELLING = ["Message-ID", "In-Reply-To", "References", "Reply-To", "From", "To", "Auto-Submitted", "Authentication-Results", "DKIM-Signature", "Return-Path"];

export class Letter {
  #mail;
  #body = h("div", { class: "letter-body" });
  #tabs;

  constructor(mail, { onReply, onBack }) {
    this.#mail = mail;
    const ways = [mail.text !== null && "Text", mail.html && "HTML", "Headers"].filter(Boolean);
    this.#tabs = ways.map((way) => h("button", { type: "button", "aria-pressed": "false", onclick: () => this.#show(way) }, way));
    this.node = h(
      "article",
      { class: "letter", "aria-labelledby": "letter-subject" },
      h(
        "div",
        { class: "letter-bar" },
        h("button", { type: "button", class: "letter-back", "aria-label": "Back to the list", onclick: onBack }, "‹"),
        h("h3", { id: "letter-subject", tabindex: "-1" }, mail.subject || "(no subject)"),
        mail.way === "received" && h("button", { type: "button", class: "button small main", id: "mail-reply", onclick: onReply }, "Reply"),
      ),
      h("p", { class: "letter-who" }, h("span", {}, `${mail.from} → ${mail.to}`), h("time", { datetime: mail.at }, clock(mail.at, true))),
      h("div", { class: "letter-ways", role: "group", "aria-label": "Show the mail as" }, this.#tabs),
      this.#body,
    );
    this.#show(ways[0]);
  }

  #show(way) {
    for (const tab of this.#tabs) tab.setAttribute("aria-pressed", String(tab.textContent === way));
    const { text, html, headers, attachments } = this.#mail;
    const files = (attachments ?? []).map((file) => h("p", { class: "file" }, `📎 ${file.name} (${file.type}, ${file.size} bytes)`));
    if (way === "Headers") this.#body.replaceChildren(headerTable(headers ?? []));
    else if (way === "HTML") this.#body.replaceChildren(frame(html), ...files);
    else this.#body.replaceChildren(h("div", { class: "letter-text", tabindex: "0" }, ...paragraphs(text ?? "")), ...files);
  }
}

/** A frame without scripts, forms, navigation or anything from elsewhere. */
function frame(html) {
  const page = `<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${POLICY}"><meta name="color-scheme" content="light">${html}`;
  return h("iframe", { sandbox: "", srcdoc: page, title: "The mail as HTML", referrerpolicy: "no-referrer", class: "letter-frame" });
}

/** Lines as they came; what is quoted is set apart. */
function paragraphs(text) {
  return text.replace(/\s+$/, "").split("\n").map((line) => h("span", { class: /^>/.test(line) ? "quoted" : null }, `${line}\n`));
}

function headerTable(headers) {
  const known = new Set(TELLING.map((name) => name.toLowerCase()));
  const rank = ([name]) => (known.has(name.toLowerCase()) ? TELLING.findIndex((each) => each.toLowerCase() === name.toLowerCase()) : TELLING.length);
  const rows = [...headers].sort((a, b) => rank(a) - rank(b));
  const row = ([name, value]) => h("div", { class: known.has(name.toLowerCase()) ? "telling" : null }, h("dt", {}, name), h("dd", {}, value));
  return h("dl", { class: "letter-headers", tabindex: "0", "aria-label": "Headers" }, rows.map(row));
}
