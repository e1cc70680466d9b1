"""Constructs of the Google Cloud: one logical entity a module."""
