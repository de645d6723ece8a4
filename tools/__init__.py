"""Tools and the one door to them; they never import bot or channels."""
