"""Many pictures, into a run folder that is never torn: listed once, read in chunks, resumed where it stopped.

`listing` finds the pictures, `plan` freezes what is to be done, `reading` reads one picture, `engines` read
chunks of them in this process or in several, `parts` keeps what was read, and `run` puts these together.
Nothing here knows of the command line or of what is derived from the parts.
"""
