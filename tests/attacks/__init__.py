"""A model that obeys whoever wrote last, attacked by name through every channel; `python -m tests.attacks` runs it."""
