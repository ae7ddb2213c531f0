"""Reads evidence from one place each; never judges."""
