"""How a request is named: by the proxy, or by our middleware where it is not."""

import re

META = "HTTP_X_REQUEST_ID"
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
