"""Sending: once, in order, on every channel, whatever breaks."""
