"""What can be detected at all: physical bounds, and the reader's own limits beside them."""
