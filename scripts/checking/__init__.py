"""`make check`: what was understood of some data, what is suspicious in it, without building."""
