//! Requests that are ambiguous or malformed, and the plain ones beside them: the probes of the framing study.

/// Each request and what this server answers: the codes of its answers, and `c` if it closes.
pub fn probes() -> Vec<(String, &'static str)> {
    let chunked =
        |body: &str| format!("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
    let post = |fields: &str, body: &str| format!("POST /echo HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n{body}");
    let many: String = (0..101).map(|i| format!("X{i}: 1\r\n")).collect();
    vec![
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), "200"),
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), "400c"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n".to_owned(), "400c"),
        ("GET / HTTP/1.1\r\nHost: a b/..\r\n\r\n".to_owned(), "400c"),
        ("GET http://evil/ HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), "400c"),
        ("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), "405c"),
        ("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n".to_owned(), "405c"),
        (post("Content-Length: 6\r\nTransfer-Encoding: chunked", "0\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n"), "400c"),
        (post("Transfer-Encoding: chunked\r\nContent-Length: 6", "0\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n"), "400c"),
        (post("Content-Length: 6\r\nContent-Length: 6", "012345"), "400c"),
        (post("Content-Length: 6\r\nContent-Length: 5", "012345"), "400c"),
        (post("Content-Length: 6, 6", "012345"), "400c"),
        (post("Content-Length: +6", "012345"), "400c"),
        (post("Content-Length: 1_0", "0123456789"), "400c"),
        (post("Content-Length: 0x6", "012345"), "400c"),
        (post("Content-Length: -1", ""), "400c"),
        (post("Content-Length: 18446744073709551622", "012345"), "400c"),
        (post("Transfer-Encoding: identity, chunked", "0\r\n\r\n"), "501c"),
        (post("Transfer-Encoding: chunked, identity", "0\r\n\r\n"), "400c"),
        (post("Transfer-Encoding: xchunked", "0\r\n\r\n"), "400c"),
        (post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "0\r\n\r\n"), "400c"),
        (post("Transfer-Encoding : chunked", "0\r\n\r\n"), "400c"),
        (post("Transfer-Encoding: \x0bchunked", "0\r\n\r\n"), "400c"),
        ("POST /echo HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(), "400c"),
        (chunked("1;a\nb\r\nx\r\n0\r\n\r\n"), "400c"),
        (chunked("+1\r\nx\r\n0\r\n\r\n"), "400c"),
        (chunked("0x1\r\nx\r\n0\r\n\r\n"), "400c"),
        (chunked("10000000000000001\r\nx\r\n0\r\n\r\n"), "400c"),
        (chunked("1\nx\n0\n\n"), "400c"),
        (chunked("1\r\nxY\r\n0\r\n\r\n"), "400c"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: a\rY: b\r\n\r\n".to_owned(), "400c"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n".to_owned(), "400c"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n".to_owned(), "400c"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX Y: b\r\n\r\n".to_owned(), "400c"),
        ("GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n".to_owned(), "400c"),
        ("GET /\r\n\r\n".to_owned(), "400c"),
        ("GET / HTTP/1.2\r\nHost: a\r\n\r\n".to_owned(), "400c"),
        ("GET / http/1.1\r\nHost: a\r\n\r\n".to_owned(), "400c"),
        ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), "400c"),
        (format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n"), "431c"),
        (format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "a".repeat(20_000)), "200"),
        (format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "a".repeat(500_000)), "431c"),
        (format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(70_000)), "414c"),
        ("GET / HTTP/1.1\nHost: a\n\n".to_owned(), "400c"),
        ("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), "200"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX_Forwarded_For: 1\r\nX-Forwarded-For: 2\r\n\r\n".to_owned(), "200"),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET /x HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), "200+404"),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n".to_owned(), "200"),
    ]
}
