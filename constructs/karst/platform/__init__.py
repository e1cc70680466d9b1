"""The parts of a deployment in its own terms, each composed of entities of `karst.gcp`."""
