"""The words of messages: checked, filled, counted as the network does, and their links."""
