"""Which aligned volumes and datastacks there are, and where their data stand."""
