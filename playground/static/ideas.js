/* What can be asked for, one example each of what the bot does. Choosing one says it on the website. */

import { byId, h } from "./dom.js";

const dialog = byId("ideas");

/** Fill the dialog from its list; `customer()` is who is chosen, `send(text)` says it on the website. */
export async function offerIdeas({ customer, send }) {
  const groups = await (await fetch("/playground/static/ideas.json")).json();
  byId("ideas-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  return function open() {
    const id = customer().id;
    const choose = (text) => {
      dialog.close();
      send(text);
    };
    byId("ideas-list").replaceChildren(...groups.map((group) => drawn(group, id, choose)));
    dialog.showModal();
  };
}

function drawn({ title, ideas }, id, choose) {
  return h("section", {}, h("h3", {}, title), h("ul", {}, ideas.map((idea) => h("li", {}, card(idea, id, choose)))));
}

function card({ title, what, say }, id, choose) {
  const text = typeof say === "string" ? say : say[id];
  return h("button", { type: "button", class: "idea", onclick: () => choose(text) }, h("b", {}, title), h("span", {}, what), h("q", {}, text));
}
