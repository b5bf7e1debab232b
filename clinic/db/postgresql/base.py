"""See the package."""

import select

from django.db.backends.postgresql import base
from psycopg.pq import TransactionStatus

IDLE = TransactionStatus.IDLE


class DatabaseWrapper(base.DatabaseWrapper):
    def is_usable(self) -> bool:
        """Django asks this before each request, and would send `SELECT 1`.

        A server that has gone has closed the socket, and then there is something to read. So an
        idle connection with nothing to read is usable; about any other one the server is asked.
        """
        if self.connection is not None and self.connection.info.transaction_status == IDLE:
            socket = select.poll()
            socket.register(self.connection.fileno(), select.POLLIN)
            if not socket.poll(0):
                return True
        return bool(super().is_usable())
