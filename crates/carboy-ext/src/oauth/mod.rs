//! Logging in by other providers, by OAuth 2 and OpenID Connect.
