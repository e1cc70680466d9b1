"""Annotations of bodies: JSON objects by body id, merged field by field, with a history."""
