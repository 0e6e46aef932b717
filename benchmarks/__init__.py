"""Speed and memory beside `gliner`: run each as `python -m benchmarks.<name>` from the repository's root."""
