"""What people upload is decoded in a process of its own, with limits (decision 0089).

`limited` is what the product calls. The others run in that process alone: they know neither Django
nor the rest of the product, and are started by their paths, without its environment.
"""
