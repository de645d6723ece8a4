"""Tests of the tools, over real HTTP on loopback."""
