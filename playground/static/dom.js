/* Small helpers to build the page from values. Text is always set as text, never parsed as HTML. */

const SVG = "http://www.w3.org/2000/svg";

/** Make an element: h("p", { class: "quiet", onclick: f }, "text", otherNode, null). */
export function h(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  return fill(node, attributes, children);
}

/** Make an SVG element. */
export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const byId = (id) => document.getElementById(id);

/** A moment as the API gives it (milliseconds, seconds or ISO text), as a clock time. */
export function clock(at, withSeconds = false) {
  const number = typeof at === "number" && at < 1e11 ? at * 1000 : at;
  const date = new Date(number);
  if (Number.isNaN(date.getTime())) return "";
  const seconds = withSeconds ? { second: "2-digit" } : {};
  return date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...seconds });
}

/** A moment in words, in the reader's own time: "Mon 30 Nov, 16:30". What is no moment stays as it is. */
export function moment(text) {
  if (!/^\d{4}-\d\d-\d\dT/.test(text)) return text;
  const day = new Date(text).toLocaleDateString([], { weekday: "short", day: "numeric", month: "short" });
  return `${day}, ${clock(text)}`;
}

/** GET or POST JSON; throws an Error when the answer is not a success. */
export async function call(path, { body, signal, headers = {} } = {}) {
  const options = { signal, headers, cache: "no-store" };
  if (body !== undefined) {
    options.method = "POST";
    options.body = JSON.stringify(body);
    options.headers = { ...headers, "Content-Type": "application/json" };
  }
  const response = await fetch(`/playground${path}`, options);
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response.json();
}

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Until the page is looked at again: background tabs ask nothing. */
export function visible() {
  if (!document.hidden) return Promise.resolve();
  return new Promise((done) => document.addEventListener("visibilitychange", () => done(), { once: true }));
}

/** Keep a list at its newest entry until somebody scrolls up; returns what to call after an addition. */
export function follower(list) {
  let following = true;
  let height = 0;
  const toEnd = () => {
    if (following) list.scrollTop = list.scrollHeight;
  };
  list.addEventListener("scroll", () => {
    if (list.clientHeight === height) following = list.scrollHeight - list.scrollTop - list.clientHeight < 60;
  });
  new ResizeObserver(() => {
    height = list.clientHeight;
    toEnd();
  }).observe(list);
  return toEnd;
}

/** "invoice_id" → "Invoice id", "ActionMoved" → "Action moved". */
export function plain(name) {
  const words = String(name).replace(/([a-z])([A-Z])/g, "$1 $2").replaceAll("_", " ").toLowerCase().trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
