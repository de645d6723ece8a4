"""Channel adapters: each turns its provider's words into ours and back, and never imports bot or tools."""
