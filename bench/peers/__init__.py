"""The product beside programs that do some of the same: `python -m bench.peers.compare`."""
