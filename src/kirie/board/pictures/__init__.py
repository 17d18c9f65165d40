"""The same pictures across runs, with true and predicted masks."""
