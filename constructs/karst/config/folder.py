"""The files of a deployment's folder, by name."""

DEPLOYMENT_FILE = "deployment.yaml"
DATASETS_FOLDER = "datasets"
README_FILE = "README.md"
APPROVALS_FILE = "approvals.yaml"
"""What the plan guard may let go; `karst guard` reads it, and validation checks only its form."""
