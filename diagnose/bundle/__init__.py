"""Writes a bundle: what a run looked at, its report, and a manifest of it all, in one file."""
