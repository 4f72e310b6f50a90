"""Benchmarks: `make bench`. Ratios against a peer of the same run, since machines differ and are noisy."""
