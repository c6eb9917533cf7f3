"""Serves the twin with Werkzeug's server on a free port, and says which."""

import logging
import sys

from werkzeug.serving import make_server

from . import create_app

logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
server = make_server("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0, create_app(), threaded=True)
print(f" * Running on http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
