"""What people look at: the overlay picture, the line profile, the HTML report and the words in them."""

from reader.report.figure import profile_svg
from reader.report.html import Card, card, render, write_report
from reader.report.overlay import draw_overlay

__all__ = ["Card", "card", "draw_overlay", "profile_svg", "render", "write_report"]
