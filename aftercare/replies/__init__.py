"""What comes back: replies, receipts, opt-outs, the staff inbox and the ledger of addresses."""
