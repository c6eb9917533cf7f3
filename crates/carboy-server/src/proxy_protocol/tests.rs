use super::*;
use proptest::prelude::*;

fn addresses(source: &str, destination: &str) -> Header {
    let (source, destination) = (source.parse().unwrap(), destination.parse().unwrap());
    Header::Complete(Said::Addresses { source, destination })
}

fn v2(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = SIGNATURE.to_vec();
    bytes.extend([0x20 | command, family]);
    bytes.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
    bytes.extend(body);
    bytes
}

#[test]
fn lines_of_version_1_are_understood() {
    assert_eq!(
        parse(b"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"),
        addresses("255.255.255.255:65535", "255.255.255.255:65535")
    );
    assert_eq!(parse(b"PROXY TCP4 1.2.3.4 5.6.7.8 0 80\r\n"), addresses("1.2.3.4:0", "5.6.7.8:80"));
    let longest = b"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n";
    let all = "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535";
    assert_eq!(parse(longest), addresses(all, all));
    assert_eq!(parse(b"PROXY UNKNOWN\r\n"), Header::Complete(Said::Nothing));
    assert_eq!(parse(b"PROXY UNKNOWN ffff:: :: 1 2\r\n"), Header::Complete(Said::Nothing));
}

#[test]
fn a_line_that_is_no_header_is_refused() {
    for line in [
        "GET / HTTP/1.1\r\n",
        "PROXY\r\nPROXY\r\n\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n",
        "PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 +1 2\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n",
        "PROXY TCP4 ::1 ::1 1 2\r\n",
        "PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n",
        "PROXY TCP5 1.2.3.4 5.6.7.8 1 2\r\n",
        "PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n",
        "proxy TCP4 1.2.3.4 5.6.7.8 1 2\r\n",
    ] {
        assert_eq!(parse(line.as_bytes()), Header::Malformed, "{line:?}");
    }
    let endless = [b"PROXY UNKNOWN ".as_slice(), &[b'x'; 200]].concat();
    assert_eq!(parse(&endless[..LONGEST_V1]), Header::Malformed);
}

#[test]
fn headers_of_version_2_are_understood_and_their_extensions_skipped() {
    let mut ipv4 = vec![192, 0, 2, 1, 198, 51, 100, 1, 0x12, 0x67, 0, 80];
    let expected = addresses("192.0.2.1:4711", "198.51.100.1:80");
    assert_eq!(parse(&v2(1, 0x11, &ipv4)), expected);
    // PP2_TYPE_AUTHORITY and PP2_TYPE_NOOP.
    ipv4.extend([0x02, 0, 3, b'a', b'.', b'b', 0x04, 0, 2, 0, 0]);
    assert_eq!(parse(&v2(1, 0x11, &ipv4)), expected);
    let mut ipv6 = [0; 36];
    (ipv6[15], ipv6[31], ipv6[33], ipv6[35]) = (1, 2, 7, 80);
    assert_eq!(parse(&v2(1, 0x21, &ipv6)), addresses("[::1]:7", "[::2]:80"));
    assert_eq!(parse(&v2(1, 0x31, &[0; 216])), Header::Complete(Said::Nothing), "Unix sockets");
    assert_eq!(parse(&v2(1, 0x00, &[])), Header::Complete(Said::Nothing), "unspecified");
    assert_eq!(parse(&v2(0, 0x11, &ipv4)), Header::Complete(Said::Nothing), "LOCAL");
    assert_eq!(parse(&v2(0, 0xff, &[])), Header::Complete(Said::Nothing), "LOCAL, whatever follows");
}

#[test]
fn a_header_of_version_2_that_is_wrong_is_refused() {
    assert_eq!(parse(&v2(1, 0x11, &[0; 11])), Header::Malformed, "too short for its addresses");
    assert_eq!(parse(&v2(1, 0x21, &[0; 35])), Header::Malformed);
    assert_eq!(parse(&v2(1, 0x12, &[0; 12])), Header::Malformed, "datagrams");
    assert_eq!(parse(&v2(1, 0x41, &[0; 12])), Header::Malformed, "an unknown family");
    assert_eq!(parse(&v2(2, 0x11, &[0; 12])), Header::Malformed, "an unknown command");
    assert_eq!(parse(&v2(1, 0x11, &[0; LONGEST_V2])[..FIXED_V2]), Header::Malformed, "too long");
    let mut other = v2(1, 0x11, &[0; 12]);
    other[12] = 0x11;
    assert_eq!(parse(&other), Header::Malformed, "another version");
}

/// A header of either version, and what it says.
fn headers() -> impl Strategy<Value = Vec<u8>> {
    let port = any::<u16>();
    let v1_4 = (any::<Ipv4Addr>(), any::<Ipv4Addr>(), port, port)
        .prop_map(|(a, b, p, q)| format!("PROXY TCP4 {a} {b} {p} {q}\r\n").into_bytes());
    let v1_6 = (any::<Ipv6Addr>(), any::<Ipv6Addr>(), port, port)
        .prop_map(|(a, b, p, q)| format!("PROXY TCP6 {a} {b} {p} {q}\r\n").into_bytes());
    let v2 = (
        0u8..2,
        prop::sample::select(vec![0x11u8, 0x21, 0x31, 0]),
        prop::collection::vec(any::<u8>(), 216..400),
    )
        .prop_map(|(command, family, body)| v2(command, family, &body));
    prop_oneof![v1_4, v1_6, v2]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3000) })]

    #[test]
    fn no_bytes_break_the_parser(bytes in prop::collection::vec(any::<u8>(), 0..300), kind in 0..3) {
        let begin: &[u8] = match kind { 0 => b"", 1 => WORD, _ => SIGNATURE };
        parse(&[begin, &bytes].concat());
    }

    #[test]
    fn a_header_is_read_to_its_end_and_no_further_however_it_comes(header in headers(), rest in prop::collection::vec(any::<u8>(), 0..20)) {
        let stream = [header.as_slice(), &rest].concat();
        let mut read = 0;
        let said = loop {
            match parse(&stream[..read]) {
                Header::Incomplete(more) => {
                    prop_assert!(more > 0);
                    read += more;
                    prop_assert!(read <= header.len(), "asks for bytes behind the header");
                }
                complete => break complete,
            }
        };
        prop_assert!(matches!(said, Header::Complete(_)), "{said:?}");
        prop_assert_eq!(read, header.len());
    }
}
