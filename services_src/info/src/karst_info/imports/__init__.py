"""Takes over the aligned volumes and datastacks of an existing info service from a dump of its database."""
