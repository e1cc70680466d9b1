"""What must stand before the first deployment, made step by step: looked at, told, confirmed, made, looked at again."""
