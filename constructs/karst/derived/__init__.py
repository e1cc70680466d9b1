"""What follows from the declared datasets: tables, mappings, and the document that services read."""
