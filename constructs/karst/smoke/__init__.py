"""Asks a running deployment for one sign-in, and each service for one look-up, one write and one read."""
