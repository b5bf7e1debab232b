"""What is written down of a patient's treatment, in the admin: decisions, the chart, what went
otherwise, and how it healed."""
