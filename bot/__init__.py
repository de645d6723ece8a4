"""The engine: inbox, worker, turn, outbox and the processes that run them."""
