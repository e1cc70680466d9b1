"""The command-line tool `karst`, and the project's `cdktf`."""
