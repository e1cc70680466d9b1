"""Karst: from one typed configuration, the cloud infrastructure under a connectomics platform."""
