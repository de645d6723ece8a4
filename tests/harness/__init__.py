"""The real server with the outside world around it, for whole conversations. Everything goes over the wire.

waiting      wait for a condition, never for a time
places       ports, secrets, a fast bot.toml
processes    the bot as processes, started as a command or forked from a preloaded one; preloaded
deployment   one or several processes of the bot, restarted when they die as systemd would
inprocess    the same server within the test's process
trained      the classifier learns once per process
outside      the playground: Acme's ledger, faults, sign-in
phone, web   a customer's phone and browser
operators    the operators' API
stage        all of it together
"""
