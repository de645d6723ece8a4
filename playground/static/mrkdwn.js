/* Slack's text as DOM nodes: mrkdwn and a little Markdown. Everything from the wire becomes text nodes, nothing is parsed as HTML. */

import { h } from "./dom.js";

const ENTITIES = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };
const unescape = (text) => text.replace(/&(?:lt|gt|amp);/g, (entity) => ENTITIES[entity]);
const SPAN = /<([^<>\n]+)>|`([^`\n]+)`|(?<![\w*])\*(?=\S)([^*\n]*[^\s*])\*(?![\w*])|(?<!\w)_(?=\S)([^_\n]*[^\s_])_(?!\w)|(?<!\w)~(?=\S)([^~\n]*[^\s~])~(?!\w)/;
const MARKDOWN = /\[([^\]\n]+)\]\(([^()\s]+)\)|`([^`\n]+)`|\*\*(?=\S)([^*\n]*[^\s*])\*\*|(?<![\w*_])[*_](?=\S)([^*_\n]*[^\s*_])[*_](?![\w*_])/;

/** Make the nodes of a text object: { type: "mrkdwn" | "plain_text", text }. `names` gives people by id. */
export function textNodes(object, names) {
  if (!object) return [];
  return object.type === "mrkdwn" ? mrkdwn(String(object.text), names) : lines(String(object.text));
}

/** Make the nodes of Slack's own markup. */
export function mrkdwn(text, names = new Map()) {
  return text.split(/```/).flatMap((part, index) => {
    if (index % 2) return [h("pre", {}, unescape(part.replace(/^\n|\n$/g, "")))];
    return quoted(part).flatMap(({ quote, text: inner }) => {
      const nodes = joined(inner.split("\n").map((line) => spans(line, names)));
      return quote ? [h("blockquote", {}, nodes)] : nodes;
    });
  });
}

/** Make the nodes of a `markdown` block: headings, lists, emphasis, links, code. */
export function markdown(text) {
  return text.split("\n").map((line) => {
    const heading = /^#{1,6}\s+(.*)$/.exec(line);
    if (heading) return h("p", { class: "md-head" }, marked(heading[1]));
    const item = /^\s*(?:[-*+]|(\d+\.))\s+(.*)$/.exec(line);
    if (item) return h("p", { class: "md-item" }, `${item[1] ?? "•"} `, marked(item[2]));
    return line.trim() ? h("p", {}, marked(line)) : null;
  });
}

/** Group lines by whether they are quoted. */
function quoted(text) {
  const groups = [];
  for (const line of text.split("\n")) {
    const quote = /^(?:&gt;|>)\s?/.test(line);
    const inner = quote ? line.replace(/^(?:&gt;|>)\s?/, "") : line;
    const last = groups.at(-1);
    if (last?.quote === quote) last.text += `\n${inner}`;
    else groups.push({ quote, text: inner });
  }
  return groups;
}

function spans(text, names) {
  const found = SPAN.exec(text);
  if (!found) return text ? [unescape(text)] : [];
  const [whole, token, code, bold, italic, struck] = found;
  const before = text.slice(0, found.index);
  const after = text.slice(found.index + whole.length);
  let node;
  if (token !== undefined) node = reference(token, names);
  else if (code !== undefined) node = h("code", {}, unescape(code));
  else if (bold !== undefined) node = h("b", {}, spans(bold, names));
  else if (italic !== undefined) node = h("i", {}, spans(italic, names));
  else node = h("s", {}, spans(struck, names));
  return [before && unescape(before), node, ...spans(after, names)].filter(Boolean);
}

/** A mention, a channel or a link. Links only lead to the web or to mail. */
function reference(token, names) {
  const [target, label] = token.split("|", 2);
  if (target.startsWith("@")) return h("span", { class: "mention" }, `@${names.get(target.slice(1)) ?? label ?? target.slice(1)}`);
  if (target.startsWith("#")) return h("span", { class: "mention" }, `#${label ?? "channel"}`);
  if (target.startsWith("!date^")) return moment(target, label);
  if (target.startsWith("!")) return h("span", { class: "mention" }, label ?? `@${target.slice(1)}`);
  return link(unescape(target), unescape(label ?? target.replace(/^mailto:/, "")));
}

/** `!date^seconds^pattern`: the reader's own time, as Slack shows it. */
function moment(target, label) {
  const date = new Date(Number(target.split("^")[1]) * 1000);
  if (Number.isNaN(date.getTime())) return label ?? "";
  const words = date.toLocaleString([], { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  return h("time", { datetime: date.toISOString(), title: label }, words);
}

function link(target, label) {
  if (!/^(?:https?:|mailto:)/i.test(target)) return label;
  return h("a", { href: target, rel: "noreferrer noopener", target: "_blank" }, label);
}

function marked(text) {
  const found = MARKDOWN.exec(text);
  if (!found) return text ? [text] : [];
  const [whole, label, target, code, bold, italic] = found;
  let node;
  if (label !== undefined) node = link(target, label);
  else if (code !== undefined) node = h("code", {}, code);
  else if (bold !== undefined) node = h("b", {}, marked(bold));
  else node = h("i", {}, marked(italic));
  return [text.slice(0, found.index), node, ...marked(text.slice(found.index + whole.length))].filter(Boolean);
}

const lines = (text) => joined(text.split("\n").map((line) => (line ? [line] : [])));
const joined = (parts) => parts.flatMap((nodes, index) => (index ? [h("br"), ...nodes] : nodes));
