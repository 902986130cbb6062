"""How well pictures are read whose results are known: numbers with intervals, and a page of every miss."""
