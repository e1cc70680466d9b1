"""What every stack must keep to, checked on the synthesized JSON: rules for the stacks of Karst and of a lab."""
