"""Workloads beside their peers: `python -m benchmarks [matmul|blur|ragged|compile|all]`."""
