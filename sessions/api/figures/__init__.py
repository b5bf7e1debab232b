"""Figures over HTTP: what is asked, what is answered, and the views."""
