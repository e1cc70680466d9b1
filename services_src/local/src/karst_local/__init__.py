"""The platform on one machine: all services in one process, behind the paths that they have in the cloud."""
