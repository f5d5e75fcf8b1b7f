"""What moves: one folder for each way of running the desk, and the command line."""
