"""The routes for programs, below `/api/v1`."""
