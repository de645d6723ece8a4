"""Whole conversations with a language model on the wire: the real SDK against a scripted server. Calls no provider."""
