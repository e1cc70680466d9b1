"""The stacks of a deployment: wiring only. What they wire stands in `karst.platform` and `karst.gcp`."""
