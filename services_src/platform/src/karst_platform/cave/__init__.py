"""What the services of CAVE have in common beyond the frame: how they speak HTTP, and whom they let in."""
