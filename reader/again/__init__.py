"""Other looks at a picture in which nothing is called as it was taken."""
