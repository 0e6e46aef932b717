"""Distillation: a large language model teaches, a small one annotates, every span is grounded in its text."""
