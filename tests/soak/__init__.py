"""At most once, proven: a shop that misbehaves by plan, customers who confirm writes, a bot that is killed and paused.

`python -m tests.soak --help` has the long form. The short one is tests/soak/test_soak.py.
"""
