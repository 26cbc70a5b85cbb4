"""Side by side with every peer: `python -m benchmarks.run --help`, docs/benchmarks.md."""
