"""The downtime pack: what a clinic needs on paper when the server is away.

Every hour one file for each clinic that has set a passphrase, in a folder that the clinic can open
without us. It is a page that any browser shows, and only the passphrase fills: today and tomorrow,
whom to call, and sheets to write on. Nothing comes back from it by itself.
"""
