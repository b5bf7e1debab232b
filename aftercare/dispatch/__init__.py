"""Sending what is due, once: claim, look again, hand over, write down what came of it."""
