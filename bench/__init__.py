"""Measures what a person waits for: start-up, validation, synthesis, the services. `make bench` runs it."""
