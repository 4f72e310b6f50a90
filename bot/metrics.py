"""What Prometheus counts in the web processes; figures of the database are read when it asks."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

MESSAGES = Counter("farun_messages", "Messages decided on", ["channel", "action"])
REJECTED = Counter("farun_rejected", "Requests refused with a 4xx", ["channel"])
SECONDS = Histogram(
    "farun_webhook_seconds", "Time to answer one call, seconds", ["channel"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)  # fmt: skip
