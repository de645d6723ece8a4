/* Which panes a small screen shows: one at a time on a phone, one of each side on a tablet, all on a desktop. */

import { byId } from "./dom.js";

const NARROW = matchMedia("(max-width: 720px)");
const MIDDLE = matchMedia("(max-width: 1239px)");
const buttons = [...document.querySelectorAll(".tabs button")];

/** Show a pane, wherever it is hidden behind a tab. */
export function show(name) {
  const button = buttons.find((one) => one.dataset.tab === name);
  if (!button) return;
  document.body.dataset.tab = name;
  document.body.dataset[button.dataset.side] = name;
  button.classList.remove("news");
  paint();
}

/** Mark a pane's tab when something happened in it that is not seen just now. */
export function news(name) {
  if (!MIDDLE.matches || shown(name)) return;
  buttons.find((one) => one.dataset.tab === name)?.classList.add("news");
}

function shown(name) {
  const { tab, left, right } = document.body.dataset;
  return NARROW.matches ? tab === name : left === name || right === name;
}

function paint() {
  for (const button of buttons) button.setAttribute("aria-pressed", String(shown(button.dataset.tab)));
}

for (const button of buttons) button.addEventListener("click", () => show(button.dataset.tab));
NARROW.addEventListener("change", paint);
byId("inside").addEventListener("focus", () => show("inside"));
paint();
