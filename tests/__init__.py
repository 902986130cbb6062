"""Tests of the reader and its service."""
