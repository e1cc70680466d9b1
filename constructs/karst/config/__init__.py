"""What people write in `environments/` and in a service's declaration: models, loading, and the errors of both."""
