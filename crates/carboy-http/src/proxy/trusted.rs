//! Which peers are proxies of ours.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

/// The addresses of one's own proxies: networks in CIDR notation, and the Unix sockets.
///
/// ```
/// use carboy_http::proxy::TrustedProxies;
/// let ours: TrustedProxies = "10.0.0.0/8, 2001:db8::/32, 192.0.2.7, unix".parse()?;
/// assert!(ours.trusts(Some("10.1.2.3:4711".parse()?)));
/// assert!(ours.trusts(Some("[::ffff:10.1.2.3]:4711".parse()?)));
/// assert!(!ours.trusts(Some("192.0.2.8:4711".parse()?)));
/// assert!(ours.trusts(None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies {
    networks: Vec<Network>,
    unix: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    length: u8,
}

/// Text that names neither a network nor `unix`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidNetwork(String);

impl fmt::Display for InvalidNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "'{}' is no network: write an address such as 192.0.2.7, a network such as 10.0.0.0/8 or 2001:db8::/32, or `unix` \
             for the peers of a Unix socket",
            self.0.escape_debug()
        )
    }
}

impl std::error::Error for InvalidNetwork {}

impl TrustedProxies {
    /// From texts, each an address, a network, or `unix`.
    ///
    /// # Errors
    /// The first text that is neither.
    pub fn new<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Result<Self, InvalidNetwork> {
        let mut trusted = TrustedProxies::default();
        for text in texts {
            match text.as_ref().trim() {
                "unix" => trusted.unix = true,
                text => trusted.networks.push(text.parse()?),
            }
        }
        Ok(trusted)
    }

    /// Whether a peer is one of them. `None` is a peer without an address: that of a Unix socket.
    pub fn trusts(&self, peer: Option<SocketAddr>) -> bool {
        match peer {
            Some(peer) => self.networks.iter().any(|network| network.contains(peer.ip())),
            None => self.unix,
        }
    }
}

/// A list separated by commas.
impl FromStr for TrustedProxies {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        TrustedProxies::new(text.split(',').filter(|part| !part.trim().is_empty()))
    }
}

impl Network {
    fn contains(self, address: IpAddr) -> bool {
        // The bits that the network does not fix are shifted out of both.
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let free = 32 - u32::from(self.length);
                (network.to_bits() ^ address.to_bits()).checked_shr(free).unwrap_or(0) == 0
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let free = 128 - u32::from(self.length);
                (network.to_bits() ^ address.to_bits()).checked_shr(free).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        let invalid = || InvalidNetwork(text.to_owned());
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let written: IpAddr = address.parse().map_err(|_| invalid())?;
        let address = written.to_canonical();
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let length = match length {
            None => longest,
            Some(digits) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
                let length: u8 = digits.parse().map_err(|_| invalid())?;
                // ::ffff:10.0.0.0/104 is 10.0.0.0/8.
                let mapped = if written.is_ipv6() && address.is_ipv4() { 96 } else { 0 };
                length.checked_sub(mapped).filter(|length| *length <= longest).ok_or_else(invalid)?
            }
            Some(_) => return Err(invalid()),
        };
        Ok(Network { address, length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(network: &str, address: &str) -> bool {
        network.parse::<TrustedProxies>().unwrap().trusts(Some(SocketAddr::new(address.parse().unwrap(), 1)))
    }

    #[test]
    fn a_network_contains_the_addresses_that_share_its_first_bits() {
        for (network, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.0"),
            ("10.1.2.3/8", "10.255.0.1", "11.0.0.0"),
            ("192.0.2.128/25", "192.0.2.255", "192.0.2.127"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.6"),
            ("192.0.2.7/32", "192.0.2.7", "192.0.2.6"),
            ("0.0.0.0/0", "203.0.113.9", "::1"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("::1", "::1", "::2"),
            ("::/0", "2001:db8::1", "10.0.0.1"),
            ("10.0.0.0/8", "::ffff:10.0.0.1", "::ffff:11.0.0.1"),
            ("::ffff:10.0.0.0/104", "10.0.0.1", "11.0.0.1"),
        ] {
            assert!(contains(network, inside), "{network} has {inside}");
            assert!(!contains(network, outside), "{network} has not {outside}");
        }
        assert!(!contains("unix", "127.0.0.1"));
        assert!(!contains("", "127.0.0.1"));
        assert!(!"127.0.0.1".parse::<TrustedProxies>().unwrap().trusts(None));
    }

    #[test]
    fn what_is_no_network_is_named() {
        for text in [
            "10.0.0.0/33",
            "::/129",
            "10.0.0/8",
            "proxy.example",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "1/2/3",
            "::ffff:1.2.3.4/90",
        ] {
            let error = text.parse::<TrustedProxies>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("'{text}' is no network: write ")), "{error}");
        }
    }
}
