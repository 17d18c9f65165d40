"""Several processes and SLURM: places, templates, submission, states, leases, requeueing. Light: needs no torch."""
