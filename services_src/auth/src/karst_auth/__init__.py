"""The auth service: who people are, which groups they belong to, and what these may do with which dataset."""
