"""What workflows on GitHub do with plans and reports: comments, issues, and which deployments they are for."""
