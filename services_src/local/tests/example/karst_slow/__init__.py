"""A service that takes its time, for the tests of the runner."""
