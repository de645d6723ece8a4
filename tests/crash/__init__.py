"""Processes are killed at every instruction that matters; what customers and Acme see is counted from the outside.

told         a refund over web and WhatsApp, told by a customer who does not give up
counted      what came of it: acknowledged, lost, doubled, refunds, notices
databases    empty databases by the dozen, of either store
sweep, table every crash point, on both stores; `python -m tests.crash.sweep --all` is the long form
"""
