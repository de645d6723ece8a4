/* What the guided tour does for the newcomer: the same as a person does with the panes, nothing behind the scenes. */

import { sleep } from "./dom.js";
import { until, world } from "./world.js";

const CUSTOMER = "C-1002";

/** `page`: { slack, mailbox, phone, chat, reset, begin(customer), sign(on) }. */
export function acts({ slack, mailbox, phone, chat, reset, begin, sign }) {
  const welcomed = (signal) => until(() => world.status.welcome, { patience: 8000, signal });

  return {
    /** Restore the demo data, begin as nobody, and give the tour's notebook. */
    async begin(signal) {
      begin(CUSTOMER);
      await until(() => world.people, { patience: 5000, signal });
      await tidy({ slack, phone }, signal);
      const before = world.events.at(-1)?.at ?? 0;
      const at = Math.max(await reset(), before + 1); // the server's clock is told in whole seconds only
      await until(() => !world.slack.size && !world.mails.size && !world.ledger.length, { patience: 5000, signal });
      return { at, pressed: null, opened: null, again: false };
    },

    async signIn(signal) {
      world.status.welcome = null;
      sign(true);
      await welcomed(signal);
    },

    say: (text) => chat.send(text),
    phone: (text) => phone.send(text),

    /** Press Approve on the newest card that has it. */
    async approve(user, seen, signal) {
      slack.as(user);
      const found = await until(() => approvable(slack), { signal });
      if (!found) throw new Error("there is no card to approve");
      seen.pressed = found;
      slack.reveal(found.message.ts);
      await slack.press(found.message, found.block, found.element, found.element.value, { ask: false });
    },

    /** Press the same button three times at once, though the card no longer has it. */
    async again(user, seen) {
      const { message, block, element } = seen.pressed ?? approved(slack);
      await slack.act({ act: "press", user, stale: true, copies: 3, ts: message.ts, action_id: element.action_id, block_id: block.block_id, value: element.value });
      seen.again = true;
    },

    async openLetter(find, seen, signal) {
      const mail = await until(find, { signal });
      if (!mail) throw new Error("there is no letter");
      await mailbox.open(mail.n);
      seen.opened = mail;
    },

    showCard: (seen) => seen.pressed && slack.reveal(seen.pressed.message.ts),

    /** Open the ticket's thread, so that its end is seen. */
    showThread(seen) {
      const card = seen.pressed?.message ?? slack.cards().at(-1);
      if (card) slack.open(card.ts, { focus: false });
    },

    async answer(text, seen) {
      const writer = mailbox.write(seen.opened ?? mailbox.mails.findLast((mail) => mail.way === "received"), { focus: false });
      writer.fill(text);
      await sleep(700); // long enough to see what is sent
      writer.submit();
    },
  };
}

/** End what an earlier visit left open, as anybody would: hand the conversation back, and withdraw what was asked for. */
async function tidy({ slack, phone }, signal) {
  const patience = 5000;
  const held = world.session?.mode === "staff" && world.session.tickets.findLast((ticket) => ticket.status !== "resolved");
  if (held) {
    await slack.act({ act: "command", user: "U0SAM00001", command: "/ticket", text: `back ${held.number}` });
    await until(() => world.session?.mode === "bot", { patience, signal });
  }
  for (let times = 0; times < 3 && world.session?.task && !signal.aborted; times += 1) {
    const open = world.session.task.id;
    phone.send("cancel");
    await until(() => world.session?.task?.id !== open, { patience, signal });
  }
}

function approvable(slack) {
  for (const message of slack.cards().reverse()) {
    for (const block of message.blocks ?? []) {
      const element = block.elements?.find((each) => each.action_id === "approve");
      if (element) return { message, block, element };
    }
  }
  return null;
}

/** Somebody approved by hand: the card is known, its button is looked for in what the card showed before. */
function approved(slack) {
  const message = slack.cards().at(-1);
  if (!message) throw new Error("there is no card");
  return { message, block: {}, element: { action_id: "approve" } };
}
