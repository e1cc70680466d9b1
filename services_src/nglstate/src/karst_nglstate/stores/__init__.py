"""Where records and contents are kept."""
