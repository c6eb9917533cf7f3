"""Requests as bytes, answers as values: HTTP/1.1 by hand, so that nothing is corrected on the way."""

import dataclasses
import socket

HOST = b"sink.example"


# Session cookies that were tampered with. What both sides signed differs in its time, so each side spoils its own.
SPOILED = {
    "cut": lambda cookie: cookie[:-4],
    "beheaded": lambda cookie: cookie[1:],
    "undotted": lambda cookie: cookie.replace(".", "", 1),
    "doubled": lambda cookie: cookie + "." + cookie,
    "reversed": lambda cookie: cookie[::-1],
    "uncompressed": lambda cookie: cookie.lstrip("."),
    "unsigned": lambda cookie: cookie.rpartition(".")[0],
    "empty": lambda cookie: "",
    "quoted": lambda cookie: f'"{cookie}"',
}


@dataclasses.dataclass
class Request:
    method: str = "GET"
    target: str = "/"
    fields: list = dataclasses.field(default_factory=list)
    body: bytes = b""
    # Sends the body in chunks, without its length.
    chunked: bool = False
    host: bytes = HOST
    # Forgets the client's cookies for this request.
    bare: bool = False
    # What happens to the client's session cookie before it: a key of SPOILED.
    spoils: str = ""

    def field(self, name):
        for key, value in self.fields:
            if key.lower() == name:
                return value.decode("latin-1")
        return None

    def to_bytes(self, cookies, close):
        lines = [f"{self.method} {self.target} HTTP/1.1".encode("latin-1"), b"Host: " + self.host]
        kept = [] if self.bare else [f"{name}={value}".encode("latin-1") for name, value in cookies.items()]
        given = [value for name, value in self.fields if name == "Cookie"]
        lines += [name.encode() + b": " + value for name, value in self.fields if name != "Cookie"]
        if given or kept:
            lines.append(b"Cookie: " + b"; ".join([*given, *kept]))
        if close:
            lines.append(b"Connection: close")
        body = self.body
        if self.chunked:
            lines.append(b"Transfer-Encoding: chunked")
            chunks = [body[at : at + 1000] for at in range(0, len(body), 1000)]
            body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
        elif body or self.method in ("POST", "PUT", "PATCH"):
            lines.append(b"Content-Length: %d" % len(body))
        return b"\r\n".join(lines) + b"\r\n\r\n" + body

    def shown(self):
        body = self.body if len(self.body) < 600 else self.body[:300] + b"..." + self.body[-300:]
        fields = "".join(f"\n    {name}: {value!r}" for name, value in self.fields)
        return f"{self.method} {self.target}{fields}\n    host {self.host!r} spoils {self.spoils!r} chunked {self.chunked} body {len(self.body)} {body!r}"


@dataclasses.dataclass
class Answer:
    status: int
    reason: str
    fields: dict
    body: bytes
    # The server would take another request on this connection.
    open: bool = False

    def all(self, name):
        return self.fields.get(name, [])

    def one(self, name):
        return ", ".join(self.all(name)) if name in self.fields else None


class Broken(Exception):
    """The connection ended before an answer was complete."""


class Connection:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=120)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def close(self):
        self.socket.close()

    def ask(self, data, method):
        try:
            self.socket.sendall(data)
        except OSError:
            pass  # The answer may be there already.
        return self.answer(method)

    def more(self):
        try:
            data = self.socket.recv(1 << 16)
        except ConnectionError as error:
            raise Broken(str(error)) from None
        self.buffer += data
        return bool(data)

    def until(self, mark):
        while mark not in self.buffer:
            if not self.more():
                raise Broken(f"the connection ended after {self.buffer[:200]!r}")
        part, self.buffer = self.buffer.split(mark, 1)
        return part

    def exactly(self, length):
        while len(self.buffer) < length:
            if not self.more():
                raise Broken(f"the body ended {length - len(self.buffer)} bytes early")
        part, self.buffer = self.buffer[:length], self.buffer[length:]
        return part

    def answer(self, method):
        while True:
            head = self.until(b"\r\n\r\n").decode("latin-1")
            line, *rest = head.split("\r\n")
            version, status, *reason = line.split(" ", 2)
            fields = {}
            for field in rest:
                name, value = field.split(":", 1)
                fields.setdefault(name.lower(), []).append(value.strip())
            if not (status := int(status)) < 200:
                break
        open = version == "HTTP/1.1" and "close" not in [v.lower() for v in fields.get("connection", [])]
        if method == "HEAD" or status in (204, 304):
            body = b""
        elif "chunked" in fields.get("transfer-encoding", []):
            body = b""
            while size := int(self.until(b"\r\n"), 16):
                body += self.exactly(size)
                self.until(b"\r\n")
            self.until(b"\r\n")
        elif "content-length" in fields:
            body = self.exactly(int(fields["content-length"][0]))
        else:
            open = False
            while self.more():
                pass
            body, self.buffer = self.buffer, b""
        return Answer(status, " ".join(reason), fields, body, open)


class Client:
    """One side of a visitor: a server, its cookies, and perhaps a connection that is kept."""

    def __init__(self, port, keeps):
        self.port, self.keeps, self.cookies, self.connection = port, keeps, {}, None

    def ask(self, request):
        if request.spoils and "session" in self.cookies:
            self.cookies["session"] = SPOILED[request.spoils](self.cookies["session"])
        data = request.to_bytes(self.cookies, close=not self.keeps)
        kept, self.connection = self.connection, None
        connection = kept or Connection(self.port)
        try:
            answer = connection.ask(data, request.method)
        except Broken:
            connection.close()
            if kept is None:
                raise
            # A server may close a kept connection at any time: once more on a new one.
            connection = Connection(self.port)
            answer = connection.ask(data, request.method)
        if self.keeps and answer.open:
            self.connection = connection
        else:
            connection.close()
        if not request.bare:
            self.remember(answer)
        return answer

    def remember(self, answer):
        for line in answer.all("set-cookie"):
            pair, *attributes = line.split("; ")
            name, value = pair.split("=", 1)
            if "Path=/" not in attributes or not name:
                continue
            if "Max-Age=0" in attributes or "Max-Age=-1" in attributes:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value

    def close(self):
        if self.connection:
            self.connection.close()
