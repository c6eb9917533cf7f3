//! A header of the PROXY protocol is read to its end and not a byte further, and what is taken for one is what a naive reader of the
//! specification takes it for.
#![no_main]

use carboy_fuzz::quick;
use carboy_server::fuzzing::{ProxyHeader, proxy_header};
use libfuzzer_sys::fuzz_target;
use std::net::{IpAddr, SocketAddr};

/// Reads as the server does; what is said, and by how many bytes.
fn read(bytes: &[u8]) -> Option<(Option<(SocketAddr, SocketAddr)>, usize)> {
    let mut read = 0;
    loop {
        match proxy_header(&bytes[..read]) {
            ProxyHeader::Complete(said) => return Some((said, read)),
            ProxyHeader::Malformed => return None,
            ProxyHeader::Incomplete(more) => {
                assert!(more > 0);
                read += more;
                if read > bytes.len() {
                    return None;
                }
            }
        }
    }
}

type Said = Option<(SocketAddr, SocketAddr)>;

/// `None`: it is no header. `Some(None)`: it says nothing of addresses.
fn naive_1(line: &str) -> Option<Said> {
    let fields: Vec<&str> = line.split(' ').collect();
    let is_port = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'))
    };
    match fields[..] {
        ["PROXY", "UNKNOWN", ..] => Some(None),
        ["PROXY", family @ ("TCP4" | "TCP6"), source, destination, from, to] => {
            let address =
                |text: &str| text.parse::<IpAddr>().ok().filter(|ip| ip.is_ipv4() == (family == "TCP4"));
            let port = |text: &str| text.parse::<u16>().ok().filter(|_| is_port(text));
            let socket = |ip: &str, at: &str| Some(SocketAddr::new(address(ip)?, port(at)?));
            Some(Some((socket(source, from)?, socket(destination, to)?)))
        }
        _ => None,
    }
}

fuzz_target!(|data: &[u8]| {
    quick(|| {
        let Some((said, consumed)) = read(data) else { return };
        let header = &data[..consumed];
        if header.starts_with(b"PROXY ") {
            assert!(consumed <= 107);
            assert_eq!(header.iter().position(|&byte| byte == b'\n'), Some(consumed - 1));
            let line = header.strip_suffix(b"\r\n").and_then(|line| str::from_utf8(line).ok());
            assert_eq!(line.and_then(naive_1), Some(said));
        } else {
            assert!(header.starts_with(b"\r\n\r\n\0\r\nQUIT\n") && header[12] >> 4 == 2);
            let body = &header[16..];
            assert_eq!(body.len(), usize::from(u16::from_be_bytes([header[14], header[15]])));
            let family = header[13];
            assert_eq!(said.is_some(), header[12] == 0x21 && matches!(family, 0x11 | 0x21));
            if let Some((source, destination)) = said {
                let size = if family == 0x11 { 4 } else { 16 };
                let octets = |ip: IpAddr| match ip {
                    IpAddr::V4(ip) => ip.octets().to_vec(),
                    IpAddr::V6(ip) => ip.octets().to_vec(),
                };
                let ports = [source.port().to_be_bytes(), destination.port().to_be_bytes()].concat();
                let all = [octets(source.ip()), octets(destination.ip()), ports].concat();
                assert_eq!(body[..2 * size + 4], all);
            }
        }
    });
});
