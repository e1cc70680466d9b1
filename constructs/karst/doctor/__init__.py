"""What is amiss on a machine and in a deployment's project, each with what to do about it."""
