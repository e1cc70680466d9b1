"""A service with pages, for tests."""
