"""Measure a membrane: its profile of absorbance, its lines with their standard errors."""
