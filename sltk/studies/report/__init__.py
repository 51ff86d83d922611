"""What this machine has measured, as one folder that a browser opens without a network."""
