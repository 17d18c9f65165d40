"""Sweeps as their runs and their folders tell them; nothing of the sweep engine is needed."""
