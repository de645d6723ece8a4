"""The outside world, pretended over real wire protocols; it imports nothing of ours."""
