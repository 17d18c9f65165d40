"""Sweeps: W&B's grammar, the ledger of trials, workers, and W&B's own agents."""
