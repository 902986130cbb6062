"""The numbers that a programme is watched by."""
