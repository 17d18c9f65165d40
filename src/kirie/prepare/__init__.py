"""Source -> Sample -> store: check, split by group, bring to one size, write. Opening a store is `prepare.store`."""
