//! What the fuzz targets reach of the way to the upstream and back.

use super::{address::Address, head};
use carboy_http::{HeaderValue, Request};
use http::{request, response};

/// The head that the upstream at this address gets of a request; `None` when it gets none.
pub fn sent(request: &mut Request, address: &str, can_upgrade: bool) -> Option<request::Parts> {
    let address = Address::parse(address).ok()?;
    head::outgoing(request, &address, can_upgrade).map(|outgoing| outgoing.parts)
}

/// Makes of the upstream's head what the client gets.
pub fn returned(parts: &mut response::Parts, switched: Option<HeaderValue>) {
    head::returning(parts, switched);
}
