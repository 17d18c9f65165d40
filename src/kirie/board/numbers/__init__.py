"""Numbers over pictures, labels and seeds: what a difference between runs is worth."""
