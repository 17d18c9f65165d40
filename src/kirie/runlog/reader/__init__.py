"""Reads W&B files of any project: framing, records, and runs merged from their segments. Imports no wandb."""
