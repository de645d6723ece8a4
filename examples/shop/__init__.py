"""A shop's back office as a tool pack: `TOOL_PACKS=examples.shop.pack`. See docs/host-a-shop.md."""
