"""Makes auth and info match what a deployment declares in `datasets.json`, by the services' own API."""
