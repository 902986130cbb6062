"""Reads lateral-flow tests from ordinary photos."""
