"""Benchmarks: `make bench`. Ratios against a peer of the same run, since machines differ and are noisy."""

from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
DATA = ROOT / "var"
GOLDEN = ROOT / "tests" / "retrieval"
SEED = 20261122
