"""What a Terraform plan would do, and whether it may: reading plans, and the guard that refuses to lose data."""
