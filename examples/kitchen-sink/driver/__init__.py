"""Asks the kitchen sink and its twin the same questions over sockets, and compares the answers.

`scenarios` are written, `generate` makes requests up from a seed; `compare` says what differs, and `known` which differences are wanted.
`hand` has each side take what the other made.

Left out, because the Python *server* (Werkzeug's) answers for itself there, and not Flask: broken framing (a wrong Content-Length, both
lengths at once), controls and other bytes that cannot stand in a request line, controls and folded lines in header fields (Python's parser also
ends a line at byte 0x85), HTTP/1.0 and HTTP/2, more than one request on a connection to Werkzeug, which closes each. carboy-server has tests
of its own for all of them. Not compared: Date, Server, Connection, Keep-Alive and Transfer-Encoding, and the reason phrases that Werkzeug
makes by writing the standard ones in capitals.
"""
