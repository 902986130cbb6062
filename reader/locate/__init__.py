"""Find the places where a membrane may lie; say nothing about results."""
