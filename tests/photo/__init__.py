"""Tests of how pictures are opened."""
