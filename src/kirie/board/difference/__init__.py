"""In what two runs differ: configuration, code, data and environment."""
