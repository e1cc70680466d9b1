"""What stands inside a cluster: one logical entity a file. Stacks of the platform put these together."""
