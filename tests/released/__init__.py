"""What every release has left behind, so that later ones can be tried on it.

Of each version: a dump of a database that its migrations made, with rows in every table; the facts
that were read from it then; and the checksums of those migrations, which are frozen from there on.
`./run release VERSION` makes all three.
"""
