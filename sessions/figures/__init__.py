"""Figures of healing, outcome and side effects: n, window and filter first, and never more than
the numbers carry (decision 0032).

`rows` reads, `cuts` says how days, depths and skins are cut, `statistics` is scipy's; the rest are
pure functions from rows to figures.
"""
