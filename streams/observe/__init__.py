"""What is shown of a running system and of what it did."""
