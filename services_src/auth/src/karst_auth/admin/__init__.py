"""The administration: pages for superadmins, and for whoever runs a group or a dataset, below `/admin`."""
