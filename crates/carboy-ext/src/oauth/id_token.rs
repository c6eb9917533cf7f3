//! ID tokens (OpenID Connect Core section 3.1.3.7).

use super::{
    error::OAuthErrorKind,
    http::Http,
    metadata::Known,
    provider::{Provider, TENANT},
};
use crate::jwt::{
    Algorithm, JwtErrorKind,
    raw::{Compact, Rules, audience, now, text},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256, Sha512};

/// Those of people in many groups are long.
const MAX_ID_TOKEN: usize = 64 * 1024;
/// OpenID Connect Core section 2.
const MAX_SUBJECT: usize = 255;

/// What a login asked for, and what came beside the token.
pub(super) struct Expected<'a> {
    /// `None` for a token that a refresh gave, which may have none.
    pub(super) nonce: Option<&'a str>,
    pub(super) access_token: &'a str,
}

/// The claims of an ID token that is good for this login.
pub(super) async fn verify(
    token: &str,
    expected: &Expected<'_>,
    provider: &Provider,
    http: &Http,
    known: &Known,
) -> Result<Map<String, Value>, OAuthErrorKind> {
    let metadata = known.metadata(http, provider).await?;
    let (Some(issuer), Some(client), Some(jwks)) =
        (&provider.issuer, &provider.client_id, &metadata.endpoints.jwks)
    else {
        return Err(OAuthErrorKind::Config(
            "an ID token came, and neither issuer nor keys are known".to_owned(),
        ));
    };
    let refused = OAuthErrorKind::IdToken;
    let compact = Compact::parse(token, MAX_ID_TOKEN, &["JWT"]).map_err(refused)?;
    let algorithm = compact.header.algorithm;
    // The secret is no key here: whoever knows it could then be anybody.
    if algorithm.is_symmetric() {
        return Err(refused(JwtErrorKind::Algorithm.into()));
    }
    let claims = match compact.verify(&known.keys(http, jwks).await?) {
        // The keys may have changed; the one that is named, or the one behind the same name.
        Err(error) if matches!(error.kind(), JwtErrorKind::UnknownKey | JwtErrorKind::Signature) => {
            compact.verify(&known.keys_anew(http, jwks).await?)
        }
        verified => verified,
    };
    let claims = claims.map_err(refused)?;
    let issuer = match issuer.contains(TENANT) {
        true => {
            let tenant = text(&claims, "tid").map_err(refused)?.filter(|tenant| is_tenant(tenant));
            issuer.replace(TENANT, tenant.ok_or(OAuthErrorKind::Claim("it names no tenant"))?)
        }
        false => issuer.clone(),
    };
    let rules = Rules {
        issuers: std::slice::from_ref(&issuer),
        audiences: std::slice::from_ref(client),
        leeway: provider.leeway,
        now: now(),
    };
    rules.check(&claims).map_err(refused)?;
    check(&claims, client, algorithm, expected)?;
    Ok(claims)
}

/// What OpenID Connect asks for beyond RFC 7519.
fn check(
    claims: &Map<String, Value>,
    client: &str,
    algorithm: Algorithm,
    expected: &Expected<'_>,
) -> Result<(), OAuthErrorKind> {
    let read = |name| text(claims, name).map_err(OAuthErrorKind::IdToken);
    if !claims.contains_key("iat") {
        return Err(OAuthErrorKind::IdToken(JwtErrorKind::MissingClaim("iat").into()));
    }
    if !read("sub")?.is_some_and(|subject| !subject.is_empty() && subject.len() <= MAX_SUBJECT) {
        return Err(OAuthErrorKind::Claim("it is about nobody"));
    }
    let parties = audience(claims).map_err(OAuthErrorKind::IdToken)?.map_or(0, |parties| parties.len());
    match read("azp")? {
        Some(party) if party != client => {
            return Err(OAuthErrorKind::Claim("it was issued to another client"));
        }
        None if parties > 1 => {
            return Err(OAuthErrorKind::Claim("it does not say which client it was issued to"));
        }
        _ => {}
    }
    let nonce = read("nonce")?;
    if expected.nonce.is_some() && nonce != expected.nonce {
        return Err(OAuthErrorKind::Claim("its nonce is that of another login"));
    }
    if let Some(hash) = read("at_hash")?
        && hash != half_hash(algorithm, expected.access_token)
    {
        return Err(OAuthErrorKind::Claim("the access token beside it is another one"));
    }
    Ok(())
}

/// The left half of a hash (OpenID Connect Core section 3.1.3.6); Ed25519 hashes with SHA-512.
fn half_hash(algorithm: Algorithm, text: &str) -> String {
    match algorithm {
        Algorithm::EdDSA => BASE64URL.encode(&Sha512::digest(text)[..32]),
        _ => BASE64URL.encode(&Sha256::digest(text)[..16]),
    }
}

fn is_tenant(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}
