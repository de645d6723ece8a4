"""Conversations as data, one module per workflow; `tests/flows/test_workflows.py` plays them.

frame        what a telling is made of
troubles     what every write has to get through at Acme
players      a customer on one channel: says a line, hears the answer

Add a workflow: write a module with `ROWS`, and one row in `ALL`.
"""
