"""What a programme's manager watches, as pure functions of counts and heights: no database, no web."""
