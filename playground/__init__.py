"""The outside world, pretended over the real wire protocols; it imports nothing of ours.

options      what it must be told; app: the parts put together, the page's handler
store        one SQLite file, committed before anything is answered
records      Acme's customers and invoices; refunds: the one write; acme: the HTTP API over both
messages     every message a phone sent or got; carrier: brings them across; twilio, phone: the two ends
faults       switchable trouble for Acme and Twilio; signature: how Twilio signs
signin, live what the demo page needs: a signed identity, and what the bot knows right now

Add a pretended service: write its module with `build(world) -> web.Application`, add one row to `app.PARTS`.
"""
