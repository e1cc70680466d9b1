"""Keeps the states of viewers, and properties of segments, behind short links."""
