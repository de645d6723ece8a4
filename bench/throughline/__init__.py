"""What the benchmark gives Throughline: one local tool, one workflow, its settings."""
