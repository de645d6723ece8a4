/* What the guided tour shows: each step does one thing for the newcomer and waits for the real event that it causes. */

import { world } from "./world.js";

const ROBIN = "U0ROBIN001";
const SAM = "U0SAM00001";
const ASK = "I want a refund for invoice 20001, I was charged twice";
const THANKS = "Thank you! Will it be on this month’s statement?";

/**
 * `pane`: where to look, `spot`: at what in it. `needs`: the part of the playground without which it cannot be shown.
 * `act(acts, seen, signal)` does it. `done(seen)` gives something true once it really happened, whoever did it.
 * `show(acts, seen)` then shows it. `after`: what just happened and why it matters. `seen` is the tour's notebook, made
 * by `acts.begin`.
 */
export const STEPS = [
  {
    pane: "site",
    title: "Ask on the website",
    text: "Lee signs in on Acme’s website and asks for 900.00 USD back. That is above the limit that the bot may pay on its own.",
    button: "Sign in and ask",
    async act(acts, seen, signal) {
      await acts.signIn(signal);
      acts.say(ASK);
    },
    done: (seen) => later(seen, (one) => one.kind === "Asked" && one.data.action),
    after: "The sign-in proved who Lee is, rules checked the invoice at Acme. Nothing is written before a yes to the exact terms.",
  },
  {
    pane: "phone",
    title: "Confirm by WhatsApp",
    text: "Lee leaves the desk and takes the phone. The task went along: a yes there is enough.",
    button: "Say “Yes” on the phone",
    act: (acts) => acts.phone("Yes"),
    done: (seen) => later(seen, (one) => one.kind === "ApprovalRequested"),
    after: "The number on file is Lee’s: one person, so the yes counts for the question on the website. Now a colleague must agree.",
  },
  {
    pane: "slack",
    needs: "slack",
    title: "The wrong person tries",
    text: "The request is a card in Acme’s Slack, with amount and reason. Robin is an agent, and agents may not approve money.",
    button: "Let Robin press Approve",
    act: (acts, seen, signal) => acts.approve(ROBIN, seen, signal),
    done: (seen) => refusal() ?? decision(seen),
    show: (acts, seen) => acts.showCard(seen),
    after: "Refused, and only Robin sees it. A list of roles decides on each click, not who can see a button.",
  },
  {
    pane: "slack",
    needs: "slack",
    title: "The right person approves",
    text: "Sam may approve. The button stands for exactly these arguments, once, for three days.",
    button: "Let Sam press Approve",
    act: (acts, seen, signal) => acts.approve(SAM, seen, signal),
    done: (seen) => paid(seen),
    after: "Sam’s name, the time and the reason are in the log, and only then did the bot call Acme’s billing.",
  },
  {
    pane: "inside",
    needs: "slack",
    spot: "#ledger-card",
    title: "Count it at Acme",
    text: "Acme’s ledger belongs to Acme and counts what really took effect. Press Approve three times more and see.",
    button: "Press it three times more",
    act: (acts, seen) => acts.again(SAM, seen),
    done: (seen) => seen.again && refunds() === 1,
    after: "Still exactly one refund. Late, doubled and repeated clicks act once, and so would repeated messages of Lee’s.",
  },
  {
    pane: "mail",
    needs: "mail",
    title: "Get the letter",
    text: "Lee was told by WhatsApp, where Lee wrote last. The confirmation itself is a proper letter, sent by SMTP.",
    button: "Open the letter",
    act: (acts, seen, signal) => acts.openLetter(letter, seen, signal),
    done: (seen) => seen.opened,
    after: "Look under Headers: the Message-ID and the signed reply address lead an answer back to this very ticket.",
  },
  {
    pane: "mail",
    needs: "mail",
    title: "Answer by mail",
    text: "Lee answers the letter from a mail program that quotes everything. Who guesses the ticket’s number gets nowhere.",
    button: "Send the answer",
    act: (acts, seen) => acts.answer(THANKS, seen),
    done: (seen) => later(seen, (one) => one.kind === "MessageReceived" && one.channel === "email"),
    show: (acts, seen) => acts.showThread(seen),
    after: "It is in the same session and the same ticket: see the end of the thread in Slack. The quotes are gone, the words are there.",
  },
];

const later = (seen, is) => world.events.findLast((one) => one.at >= seen.at && one.data && is(one));
const refunds = () => world.ledger.filter((entry) => entry.kind === "refund").length;
const decision = (seen) => later(seen, (one) => one.kind === "ApprovalDecided");
const paid = (seen) => refunds() > 0 && later(seen, (one) => one.kind === "ActionMoved" && one.data.state === "succeeded");
const refusal = () => [...world.slack.values()].find((one) => one.only_for === ROBIN);
const letter = () => [...world.mails.values()].findLast((mail) => mail.way === "received");
