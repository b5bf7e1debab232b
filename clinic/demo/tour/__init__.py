"""A tour through the demo: one patient's way from the first call to the result, over HTTP and
nothing else."""
