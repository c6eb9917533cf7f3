//! The handshake (RFC 6455 section 4.2): what is refused, and the answer. The server makes one of it over HTTP/2, too.

use crate::{Result, origin, settings::WebSocketSettings};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use carboy_http::{
    HeaderName, HeaderValue, HttpError, Method, Request, Response, StatusCode, Upgrade, header,
};
use sha1::{Digest, Sha1};

/// What is put behind the client's key before it is hashed.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A handshake that may be answered.
pub(super) struct Handshake {
    /// The hash of the client's key.
    accept: HeaderValue,
    /// The subprotocols that the client offers.
    pub(super) offered: Vec<String>,
    pub(super) upgrade: Upgrade,
}

impl Handshake {
    /// Looks at a request that asks for a WebSocket.
    ///
    /// # Errors
    /// 403 for a page of another origin, 426 for another version of the protocol, 400 for what is no handshake, 501 where the connection
    /// cannot change its protocol.
    pub(super) fn read(request: &Request, settings: &WebSocketSettings) -> Result<Self> {
        if let Some(origin) = request.origin()
            && !is_allowed(&origin, request, settings)
        {
            return Err(HttpError::new(StatusCode::FORBIDDEN)
                .with_description("The WebSocket was opened by a page of another site and was refused.")
                .into());
        }
        let header = |name: HeaderName| request.headers().get(name).map(HeaderValue::as_bytes);
        if header(header::SEC_WEBSOCKET_VERSION) != Some(b"13") {
            return Err(HttpError::new(StatusCode::UPGRADE_REQUIRED)
                .with_description("This server speaks version 13 of the WebSocket protocol.")
                .with_header(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"))
                .with_header(header::UPGRADE, HeaderValue::from_static("websocket"))
                .with_header(header::CONNECTION, HeaderValue::from_static("Upgrade"))
                .into());
        }
        let asks = has_token(request, &header::CONNECTION, b"upgrade");
        if request.method() != Method::GET || !asks {
            return Err(bad("The request is no WebSocket handshake."));
        }
        let accept = match header(header::SEC_WEBSOCKET_KEY) {
            Some(key) if STANDARD.decode(key).is_ok_and(|key| key.len() == 16) => accept_of(key),
            _ => return Err(bad("The key of the WebSocket handshake is missing or malformed.")),
        };
        let Some(upgrade) = request.extensions().get::<Upgrade>().cloned() else {
            return Err(HttpError::new(StatusCode::NOT_IMPLEMENTED)
                .with_description("This connection cannot become a WebSocket.")
                .into());
        };
        let offered = request
            .headers()
            .get_all(header::SEC_WEBSOCKET_PROTOCOL)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty())
            .collect();
        Ok(Handshake { accept, offered, upgrade })
    }

    /// The answer that opens the connection.
    pub(super) fn answer(&self, subprotocol: Option<&'static str>) -> Response {
        let mut response = Response::new("").with_status(StatusCode::SWITCHING_PROTOCOLS);
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, self.accept.clone());
        if let Some(name) = subprotocol.and_then(|name| HeaderValue::from_str(name).ok()) {
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, name);
        }
        response
    }
}

fn bad(description: &'static str) -> crate::Error {
    HttpError::new(StatusCode::BAD_REQUEST).with_description(description).into()
}

/// Whether pages of this origin may open WebSockets here: those of the host that they connect to (but no page of `http` over `https`),
/// and those that WEBSOCKET_ORIGINS lists.
fn is_allowed(origin: &str, request: &Request, settings: &WebSocketSettings) -> bool {
    let downgraded = request.is_secure() && !origin.starts_with("https:");
    let listed =
        settings.origins.iter().any(|allowed| allowed == "*" || allowed.eq_ignore_ascii_case(origin));
    listed || (!downgraded && origin::is_same_host(origin, request))
}

fn accept_of(key: &[u8]) -> HeaderValue {
    let hash = Sha1::new().chain_update(key).chain_update(GUID).finalize();
    HeaderValue::from_str(&STANDARD.encode(hash)).expect("base64 may stand in a header field")
}

fn has_token(request: &Request, name: &HeaderName, wanted: &[u8]) -> bool {
    let values = request.headers().get_all(name).iter();
    values
        .flat_map(|value| value.as_bytes().split(|b| *b == b','))
        .any(|token| token.trim_ascii().eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_answered_as_in_the_rfc() {
        assert_eq!(accept_of(b"dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
