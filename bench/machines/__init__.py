"""Machines on one, that fail: PostgreSQL under Patroni, web and workers, for `bench/cluster.py`."""
