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
  ReplyQueued: (d) => ["talk", d.author === "staff" ? `Support${d.name ? `, ${d.name}` : ""}` : "Bot", join(quote(d.text), d.why)],
  DeliveryFailed: (d) => ["talk", "Did not arrive", d.reason && plain(d.reason).toLowerCase()],
  IdentityVerified: (d) => ["who", "Identity proved", join(d.name, d.customer_id, d.method && `by ${d.method}`)],
  IdentityLinked: (d) => ["who", "Two became one", d.reason],
  IdentityUnlinked: (d) => ["who", "A link was undone", d.reason],
  CodeSent: (d) => ["who", "Code sent", d.masked],
  CodeChecked: (d) => ["who", `Code ${d.outcome}`, d.outcome === "wrong" ? `${d.left} tries left` : ""],
  ConsentChanged: (d) => ["who", d.granted ? "May be written to" : "Wants no messages", d.method && `by ${d.method}`],
  SessionForwarded: (d) => ["who", "Session frozen", "goes on in the older one"],
  IntentRouted: (d) => ["task", "Understood", join(d.intent && plain(d.intent), percent(d.confidence), d.by && `by ${d.by}`)],
  TaskStarted: (d) => ["task", "Task begun", plain(d.workflow ?? "")],
  TaskResumed: () => ["task", "Task taken up again", ""],
  SlotsSet: (d) => ["task", "Noted", join(pairs(d.values), d.by && `by ${d.by}`)],
  StepEntered: (d) => ["task", "Step", d.step && plain(d.step).toLowerCase()],
  Asked: (d) => ["task", d.action ? "Asked for consent" : "Asked", join(d.slot && plain(d.slot), offered(d.choices))],
  TaskEnded: (d) => ["task", `Task ${plain(d.outcome ?? "over").toLowerCase()}`, d.reason && plain(d.reason).toLowerCase()],
  ModelCalled: (d) => ["tool", "Model called", join(d.model ?? d.backend, d.outcome, ms(d))],
  ToolSucceeded: (d) => ["tool", d.tool ?? "Tool", join(brief(d.result), ms(d))],
  ToolFailed: (d) => ["tool", `${d.tool ?? "Tool"} failed`, join(d.reason, d.message)],
  ToolRefused: (d) => ["tool", `${d.tool ?? "Tool"} refused`, join(d.reason, d.message)],
  Refused: (d) => ["tool", "Refused", join(d.what, d.by && `by ${d.by}`, d.reason && plain(d.reason).toLowerCase())],
  ActionProposed: (d) => ["tool", "Proposed", quote(d.terms) || pairs(d.arguments)],
  ActionMoved: (d) => ["tool", `Action ${plain(d.state ?? "").toLowerCase()}`, join(brief(d.result), d.reason)],
  TicketOpened: (d) => ["ticket", `Ticket ${d.number} opened`, join(d.subject, d.reason && plain(d.reason).toLowerCase())],
  TicketChanged: (d) => ["ticket", "Ticket changed", join(d.status, d.priority && `priority ${d.priority}`, given(d), d.by && `by ${d.by}`)],
  TicketClosed: (d) => ["ticket", "Ticket closed", join(`by ${d.outcome}`, d.goal ? "goal reached" : "goal not reached", d.reason)],
  ApprovalRequested: (d) => ["staff", "Approval asked for", join(d.title, d.scope, (d.lines ?? []).map(([, value]) => value).slice(0, 2).join(", "))],
  ApprovalDecided: (d) => ["staff", d.approved ? "Approved" : "Denied", join(d.name && `by ${d.name}`, d.reason)],
  ApprovalExpired: () => ["staff", "Approval ran out", ""],
  DoubtRaised: (d) => ["staff", "Did it happen? Staff are asked", d.title],
  ActionSettled: (d) => ["staff", d.happened ? "It happened" : "It did not happen", join(d.name && `says ${d.name}`, d.reason)],
  OperatorCalled: (d) => ["staff", "Called from outside", join(d.tool, d.by && `by ${d.by}`, pairs(d.arguments))],
  StaffTookOver: (d) => ["staff", `${d.name} took over`, "the bot is silent"],
  StaffHandedBack: (d) => ["staff", `${d.name} handed back`, "the bot goes on"],
  StaffReplied: (d) => ["staff", `${d.name} wrote to the customer`, quote(d.text)],
  StaffResolved: (d) => ["staff", `${d.name} resolved the ticket`, d.reason],
  StaffAsked: (d) => ["staff", `${d.name} asked the bot`, join(d.what, quote(d.text))],
  NoteWritten: (d) => ["staff", "Internal note", quote(d.text)],
  HandoffTimedOut: () => ["staff", "Nobody came in time", ""],
  TurnDegraded: (d) => ["tool", "Went on without the model", join(d.reason, d.to)],
  MessageQuarantined: (d) => ["tool", "Set aside for a person", d.reason],
};

const given = ({ assignee, assignee_name }) => (assignee ? `given to ${assignee_name ?? assignee}` : assignee === "" ? "given to nobody" : "");

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
