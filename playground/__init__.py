"""The outside world, pretended over the real wire protocols; it imports nothing of ours.

options      what it must be told; app: the parts put together, the page's handler
store        one SQLite file, committed before anything is answered
records      Acme's customers and invoices; writes: each applied once for its key and entered in the ledger;
             refunds, disputes, addresses, plans: the kinds; acme, acme_writes: the HTTP API over both
messages     every message a phone sent or got; carrier: brings them across; twilio, phone: the two ends
slack        the support team's workspace, its docstring tells the whole API. slack_door, slack_api, slack_methods: what
             the bot calls; slack_acts, slack_clicks, slack_wild: what people and tests do; slack_post, slack_socket:
             the ways to the bot; slack_people, slack_blocks, slack_wire: who, which limits, which shapes
mail         the customers' mailboxes, its docstring tells the whole API. mail_smtp: takes what the bot sends;
             mail_boxes: what owners do; mail_clients, mail_styles: how their programs write; mail_travel: what
             servers add; mail_post: the way to the bot
deliveries   what Slack and mail brought to the bot, and what it answered; background: tasks and the bell for news
faults       switchable trouble for all of them; signature: how Twilio signs
signin, live what the demo page needs: a signed identity, and what the bot knows right now

Add a pretended service: write its module with `build(world) -> web.Application`, add one row to `app.PARTS`.
"""
