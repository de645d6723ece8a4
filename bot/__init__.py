"""The engine: inbox, worker, turn, outbox. Only bot.app knows every part."""
