"""The student: a small causal language model that learns from the teacher's answers, and then annotates in its place."""
