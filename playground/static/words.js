/* One line of plain words for every kind of event. A kind it does not know is shown by its name and values. */

import { plain } from "./dom.js";

const quote = (text) => (text ? `“${String(text).replace(/\s+/g, " ").trim()}”` : "");
const percent = (value) => (typeof value === "number" ? `${Math.round(value * 100)} % sure` : "");
const join = (...parts) => parts.filter(Boolean).join(" · ");
const pairs = (values) =>
  Object.entries(values ?? {})
    .filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([name, value]) => `${name} = ${typeof value === "object" ? JSON.stringify(value) : value}`)
    .join(", ");
const brief = (values) => {
  if (values === null || typeof values !== "object") return values ?? "";
  if (values.refund_id) return join(values.refund_id, values.status);
  const list = Array.isArray(values) ? values : Object.values(values).find(Array.isArray);
  return list ? `${list.length} found` : pairs(values);
};
const offered = (choices) => (choices ?? []).map((choice) => choice.label).filter(Boolean).join(" / ");
const ms = (data) => (typeof data.ms === "number" ? `${data.ms} ms` : "");

const KINDS = {
  MessageReceived: (d) => ["talk", "Customer", quote(d.text) || (d.choice ? "pressed a button" : "sent something without text")],
  ReplyQueued: (d) => ["talk", d.author === "staff" ? "Support" : "Bot", quote(d.text)],
  IdentityVerified: (d) => ["who", "Identity proved", join(d.name, d.customer_id, d.method && `by ${d.method}`)],
  IdentityLinked: (d) => ["who", "Two became one", d.reason],
  SessionForwarded: (d) => ["who", "Session frozen", "goes on in the older one"],
  IntentRouted: (d) => ["task", "Understood", join(d.intent && plain(d.intent), percent(d.confidence), d.by && `by ${d.by}`)],
  TaskStarted: (d) => ["task", "Task begun", plain(d.workflow ?? "")],
  TaskResumed: () => ["task", "Task taken up again", ""],
  SlotsSet: (d) => ["task", "Noted", join(pairs(d.values), d.by && `by ${d.by}`)],
  StepEntered: (d) => ["task", "Step", d.step],
  Asked: (d) => ["task", d.action ? "Asked for consent" : "Asked", join(d.slot && plain(d.slot), offered(d.choices))],
  TaskEnded: (d) => ["task", `Task ${plain(d.outcome ?? "over").toLowerCase()}`, d.reason],
  ModelCalled: (d) => ["tool", "Model called", join(d.model ?? d.backend, d.outcome, ms(d))],
  ToolSucceeded: (d) => ["tool", d.tool ?? "Tool", join(brief(d.result), ms(d))],
  ToolFailed: (d) => ["tool", `${d.tool ?? "Tool"} failed`, join(d.reason, d.message)],
  ToolRefused: (d) => ["tool", `${d.tool ?? "Tool"} refused`, join(d.reason, d.message)],
  ActionProposed: (d) => ["tool", "Proposed", quote(d.terms) || pairs(d.arguments)],
  ActionMoved: (d) => ["tool", `Action ${d.state ?? ""}`, join(brief(d.result), d.reason)],
  TicketOpened: (d) => ["task", "Ticket opened", join(d.number && `number ${d.number}`, d.subject)],
  TurnDegraded: (d) => ["tool", "Went on without the model", join(d.reason, d.to)],
  MessageQuarantined: (d) => ["tool", "Set aside for a person", d.reason],
};

/** Describe an event: { group, title, detail }. */
export function describe(event) {
  const data = event.data ?? {};
  const [group, title, detail] = event.data ? (KINDS[event.kind] ?? other)(data, event.kind) : ["who", plain(event.kind), "erased"];
  return { group, title, detail: detail ?? "" };
}

function other(data, kind) {
  return ["task", plain(kind), pairs(data)];
}

const CHANNELS = { web: "website", whatsapp: "WhatsApp", email: "e-mail", slack: "Slack" };

/** Name a channel for people. */
export const channelName = (channel) => CHANNELS[channel] ?? channel;

const PROOF = { claimed: "only claimed", channel: "proved by its channel", verified: "proved by sign-in" };

/** Say how well an identity is proved. */
export const proofName = (assurance) => PROOF[assurance] ?? assurance ?? "";
