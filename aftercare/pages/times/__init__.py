"""The pages where patients choose or give back a time: booking, moving and cancelling by its
link."""
