"""Attacks on the running server, over the wires an outsider has."""
