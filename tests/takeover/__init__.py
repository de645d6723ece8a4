"""Takeover against everything that may happen at the same time."""
