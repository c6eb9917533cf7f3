//! Behind proxies: who asks, by which scheme and host, when the connection is only the proxy's.
//!
//! Anybody can write `X-Forwarded-For`. What a proxy says is therefore believed only as far as somebody said that it is there:
//! by [`ProxyFix`], which counts, and by [`TrustedProxies`], which looks at where a connection comes from.

mod fix;
mod forwarded;
mod trusted;

pub use fix::ProxyFix;
pub use forwarded::{ForwardedElement, Node, parse_forwarded};
pub use trusted::{InvalidNetwork, TrustedProxies};
