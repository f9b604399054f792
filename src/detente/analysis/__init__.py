"""What the scenarios of a case show."""
