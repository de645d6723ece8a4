/* What Slack shows above everything else: the app's modals, and the question before a button with a `confirm`. */

import { h } from "./dom.js";
import { textNodes } from "./mrkdwn.js";
import { blockNodes } from "./slack_blocks.js";

/** Ask before an element acts; resolves to whether to go on. */
export function confirmed(confirm, names) {
  if (!confirm) return Promise.resolve(true);
  const dialog = h(
    "dialog",
    { class: "slack-dialog", "aria-labelledby": "slack-confirm-title" },
    h(
      "form",
      { method: "dialog" },
      h("h2", { id: "slack-confirm-title" }, confirm.title.text),
      h("p", { class: "bk-text" }, textNodes(confirm.text, names)),
      h(
        "div",
        { class: "row" },
        h("button", { class: "bk-button", value: "no" }, confirm.deny?.text ?? "Cancel"),
        h("button", { class: `bk-button ${confirm.style === "danger" ? "danger" : "primary"}`, value: "yes", autofocus: true }, confirm.confirm?.text ?? "Yes"),
      ),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((done) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      done(dialog.returnValue === "yes");
    });
  });
}

/** Shows the modals of one person at a time. */
export class Modals {
  #act; // ({ act, … }) → answer
  #names;
  #open = new Map(); // view id → { dialog, hash }

  constructor({ act, names }) {
    this.#act = act;
    this.#names = names;
  }

  /** Draw what is open for a person, and take away what no longer is. */
  show(views, user) {
    const wanted = views.filter((each) => each.open && each.user === user);
    const ids = new Set(wanted.map((each) => each.view.id));
    for (const [id, { dialog }] of this.#open) {
      if (!ids.has(id)) this.#remove(id, dialog);
    }
    for (const each of wanted) this.#place(each);
  }

  #place({ view, user, errors }) {
    const known = this.#open.get(view.id);
    if (known && known.hash === view.hash) return complain(known.dialog, errors);
    known?.dialog.remove();
    const dialog = this.#draw(view, user);
    this.#open.set(view.id, { dialog, hash: view.hash });
    document.body.append(dialog);
    dialog.showModal();
    complain(dialog, errors);
  }

  #draw(view, user) {
    const press = (block, element, value) => this.#act({ act: "press", user, view_id: view.id, action_id: element.action_id, block_id: block.block_id, value });
    const close = () => this.#act({ act: "close", user, view_id: view.id });
    const dialog = h(
      "dialog",
      { class: "slack-dialog modal", "aria-labelledby": `view-${view.id}` },
      h(
        "form",
        {},
        h("h2", { id: `view-${view.id}` }, view.title.text),
        blockNodes(view.blocks, { names: this.#names, act: press }),
        h("p", { class: "wrong", "data-block": "", role: "alert" }),
        h(
          "div",
          { class: "row" },
          h("button", { type: "button", class: "bk-button", onclick: close }, view.close?.text ?? "Close"),
          view.submit && h("button", { class: "bk-button primary" }, view.submit.text),
        ),
      ),
    );
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      close();
    });
    dialog.firstElementChild.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#act({ act: "submit", user, view_id: view.id, values: valuesOf(event.target) });
    });
    return dialog;
  }

  #remove(id, dialog) {
    this.#open.delete(id);
    dialog.close();
    dialog.remove();
  }
}

function valuesOf(form) {
  const values = {};
  for (const field of form.elements) {
    if (!field.name) continue;
    const [block, action] = JSON.parse(field.name);
    (values[block] ??= {})[action] = field.value;
  }
  return values;
}

function complain(dialog, errors = {}) {
  for (const place of dialog.querySelectorAll(".wrong")) {
    const text = errors[place.dataset.block] ?? "";
    if (place.textContent !== text) place.textContent = text;
  }
}
