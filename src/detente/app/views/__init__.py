"""What the page and its files show of a state."""
