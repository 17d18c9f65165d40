"""W&B's files: the one run log, with or without an account."""
