"""Moves all states from one store to another, as files between them."""
