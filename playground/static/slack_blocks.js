/* Block Kit as DOM: what a message or a modal shows, and what its elements ask to be done. It knows no state. */

import { h } from "./dom.js";
import { markdown, mrkdwn, textNodes } from "./mrkdwn.js";

/**
 * Draw blocks. `names` gives people by id; `act(block, element, value)` is called when an element is used.
 * A block of a kind that is not known here is shown by its name, so that nothing is lost unseen.
 */
export function blockNodes(blocks, { names, act }) {
  return blocks.map((block) => (KINDS[block.type] ?? unknown)(block, { names, act: (element, value) => act(block, element, value) }));
}

const KINDS = {
  header: (block) => h("p", { class: "bk-header", role: "heading", "aria-level": "3" }, block.text.text),
  divider: () => h("hr", { class: "bk-divider" }),
  section: (block, how) => {
    const text = block.text && h("div", { class: "bk-text" }, textNodes(block.text, how.names));
    const fields = block.fields && h("div", { class: "bk-fields" }, block.fields.map((field) => h("div", {}, textNodes(field, how.names))));
    const side = block.accessory && h("div", { class: "bk-side" }, element(block.accessory, how));
    return h("div", { class: "bk-section" }, h("div", { class: "grow" }, text, fields), side);
  },
  context: (block, how) => h("div", { class: "bk-context" }, block.elements.map((each) => h("span", {}, each.type === "image" ? each.alt_text : textNodes(each, how.names)))),
  actions: (block, how) => h("div", { class: "bk-actions" }, block.elements.map((each) => element(each, how))),
  markdown: (block) => h("div", { class: "bk-markdown" }, markdown(block.text)),
  image: (block) => h("p", { class: "bk-image" }, `Image: ${block.alt_text}`),
  rich_text: (block, how) => h("div", { class: "bk-text" }, richText(block.elements ?? [], how.names)),
  input: inputField,
};

const unknown = (block) => h("p", { class: "bk-image" }, `(a block of the kind ${block.type})`);

function element(each, how) {
  if (each.type === "button") return button(each, how);
  if (each.type === "static_select" || each.type === "overflow") return select(each, how, each.options ?? groups(each));
  if (each.type === "users_select") {
    const people = [...how.names].map(([value, text]) => ({ value, text: { text } }));
    return select(each, how, people);
  }
  return h("span", { class: "bk-image" }, `(an element of the kind ${each.type})`);
}

const groups = (each) => (each.option_groups ?? []).flatMap((group) => group.options);

function button(each, how) {
  const style = { primary: "primary", danger: "danger" }[each.style] ?? "";
  const props = { type: "button", class: `bk-button ${style}`, "data-action": each.action_id, "aria-label": each.accessibility_label };
  return h("button", { ...props, onclick: () => how.act(each, each.value) }, each.text.text);
}

/** A menu acts as soon as something is chosen, as Slack's do. */
function select(each, how, options) {
  const chosen = each.initial_option?.value ?? "";
  const label = each.placeholder?.text ?? (each.type === "overflow" ? "More" : "Choose");
  const first = !chosen && h("option", { value: "", selected: true }, each.type === "overflow" ? "⋯" : label);
  const items = options.map((option) => h("option", { value: option.value, selected: option.value === chosen }, option.text.text));
  const onchange = (event) => {
    const value = event.target.value;
    if (!value || value === chosen) return;
    how.act(each, value);
    event.target.value = chosen;
  };
  return h("select", { class: "bk-select", "aria-label": label, "data-action": each.action_id, onchange }, first, items);
}

/** One field of a modal. */
function inputField(block) {
  const each = block.element;
  const id = `field-${block.block_id}-${each.action_id}`;
  const names = { id, name: JSON.stringify([block.block_id, each.action_id]), required: !block.optional, "aria-describedby": `${id}-wrong` };
  return h(
    "div",
    { class: "bk-input" },
    h("label", { for: id }, block.label.text, block.optional && h("small", {}, " (optional)")),
    control(each, names),
    block.hint && h("small", {}, block.hint.text),
    h("p", { class: "wrong", id: `${id}-wrong`, "data-block": block.block_id, role: "alert" }),
  );
}

function control(each, names) {
  if (each.options) {
    const chosen = each.initial_option?.value;
    return h("select", names, each.options.map((option) => h("option", { value: option.value, selected: option.value === chosen }, option.text.text)));
  }
  const more = { ...names, placeholder: each.placeholder?.text, minlength: each.min_length, maxlength: each.max_length };
  if (each.multiline) return h("textarea", { ...more, rows: 4 }, each.initial_value ?? "");
  const type = { email_text_input: "email", number_input: "number", datepicker: "date", url_text_input: "url" }[each.type] ?? "text";
  return h("input", { ...more, type, value: each.initial_value });
}

function richText(elements, names) {
  return elements.map((part) => {
    const inner = (part.elements ?? []).flatMap((each) => (each.elements ? richText([each], names) : richSpan(each, names)));
    if (part.type === "rich_text_preformatted") return h("pre", {}, inner);
    if (part.type === "rich_text_quote") return h("blockquote", {}, inner);
    return h("div", {}, inner);
  });
}

function richSpan(each, names) {
  if (each.type === "user") return [h("span", { class: "mention" }, `@${names.get(each.user_id) ?? each.user_id}`)];
  if (each.type === "link") return mrkdwn(`<${each.url}|${each.text ?? each.url}>`, names);
  if (each.type !== "text") return [];
  return each.text.split("\n").flatMap((line, index) => (index ? [h("br"), line] : [line]));
}
