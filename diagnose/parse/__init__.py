"""Text to values; pure functions, no input or output."""
