"""Settings, tuning and what operators edit: workflows, policies, prompts. Knows none of the other packages."""
