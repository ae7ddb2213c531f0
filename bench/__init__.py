"""Measures msnet beside the programs that one would use without it: `make bench`."""
