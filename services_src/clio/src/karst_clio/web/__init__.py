"""How the store speaks HTTP: the conventions that its clients have relied on for years."""
