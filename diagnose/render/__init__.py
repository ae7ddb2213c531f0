"""One module a format; renderers never decide."""
