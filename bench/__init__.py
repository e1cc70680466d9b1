"""Measures what a person waits for: start-up, validation, synthesis. `make bench` runs it."""
