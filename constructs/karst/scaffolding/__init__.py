"""What `karst new` writes: a deployment, a dataset, a lab's repository."""
