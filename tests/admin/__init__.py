"""The admin's pages, one by one."""
