"""Slack, where the staff work: cards and threads out; clicks, commands and lines in."""
