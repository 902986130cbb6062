"""The pages: their words, templates and files."""
