"""The dashboard over the run log: a cache, an interface for the page, and the comparisons that it shows."""
