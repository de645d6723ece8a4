"""The web chat in a real browser, against the real server."""
