"""Tool packs: each module lists its tools in TOOLS. A pack knows no other pack and not the gateway."""
