/* Who is writing, as the bot sees it: one row for each address, joined when they are one person; and who answers. */

import { byId, h, svg } from "./dom.js";
import { proofName } from "./words.js";

const ICONS = {
  web: ["M4 5h16v11H4z", "M9 20h6", "M12 16v4"],
  phone: ["M7 3h10v18H7z", "M11 18h2"],
  mail: ["M3 6h18v12H3z", "m3 7 9 7 9-7"],
};
const CHANNELS = { web: "web", phone: "whatsapp", mail: "email" };

/** Whose conversation is shown: who was asked for, or whoever wrote already. */
export const shownOf = (people, view) => people[view] ?? people.web ?? people.phone ?? people.mail;

/** Draw the people. `onView(name)` is called to see another conversation while they are not one. */
export function drawPeople(people, { view, customer, signed, onView }) {
  const titles = { web: "Website visitor", phone: customer.phone, mail: customer.email };
  const shown = shownOf(people, view);
  const many = new Set(Object.keys(CHANNELS).map((kind) => people[kind]?.id).filter(Boolean)).size > 1;
  const rows = Object.keys(CHANNELS).map((kind) => {
    const user = people[kind];
    const joined = user && user.id === shown?.id;
    const small = h("small", {}, proofOf(kind, user, titles[kind]) ?? waiting(kind, user, signed));
    const inner = [glyph(kind), h("span", {}, h("b", {}, titles[kind]), small)];
    const name = `person ${kind}-id${joined ? " joined" : ""}`;
    if (!many || !user) return h("li", {}, h("div", { class: name }, inner));
    const look = { type: "button", class: name, "aria-pressed": String(joined), title: "Show this conversation", onclick: () => onView(kind) };
    return h("li", {}, h("button", look, inner));
  });
  byId("people").replaceChildren(...rows);
}

/** Draw who has the conversation. */
export function drawHolder(session) {
  const place = byId("holder");
  const name = session?.holder?.name;
  const words = session?.mode === "staff" ? `${name ?? "A person"} has the conversation; the bot is silent` : "The bot has the conversation";
  place.hidden = !session;
  place.classList.toggle("staff", session?.mode === "staff");
  if (place.textContent !== words) place.textContent = words;
}

function glyph(kind) {
  return svg("svg", { class: "glyph", viewBox: "0 0 24 24", "aria-hidden": "true" }, ICONS[kind].map((d) => svg("path", { d })));
}

function proofOf(kind, user, address) {
  const mine = (user?.identities ?? []).filter((one) => one.channel === CHANNELS[kind]);
  const exact = mine.find((one) => one.address === address) ?? mine[0];
  return exact && proofName(exact.assurance);
}

function waiting(kind, user, signed) {
  if (kind === "web" && !signed) return "not signed in";
  return user ? "known by another address" : "has not written yet";
}
