"""Damaged files by the thousand: nothing but a clear refusal may come of them."""
