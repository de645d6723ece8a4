"""Tests of the packs, against the playground."""
