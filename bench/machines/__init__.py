"""Machines on one, that fail: PostgreSQL under Patroni, web and workers; `cluster.py` is run."""
