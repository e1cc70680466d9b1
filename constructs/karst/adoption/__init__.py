"""From a platform that runs already to Karst: reading what it was configured with, and saying the same in YAML."""
