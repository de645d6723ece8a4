"""Contract tests of the playground, over real HTTP on loopback."""
